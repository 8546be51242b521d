// A shared library that is no PKCS#11 module.
extern "C" int AnswerToNothing();
extern "C" int AnswerToNothing() { return 42; }
