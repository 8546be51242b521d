// How OpenSC is led to the practice card.
#ifndef ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_H_
#define ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_H_

#include <string>
#include <string_view>

namespace ilkimza::sandbox {

// The contents of a file for OPENSC_CONF. OpenSC's akis driver is off by default and
// knows one answer to reset, that of version 1.0; this leads `version` ("1292") to it.
inline std::string OpenscConfiguration(std::string_view version) {
  return "app default {\n  card_drivers = akis, internal;\n"
         "  card_atr 3b:9f:13:81:31:fe:45:80:67:55:45:4b:41:45:" +
         std::string(version.substr(0, 2)) + ":" + std::string(version.substr(2, 2)) +
         ":31:80:73:b3:a1:80:ef {\n    driver = \"akis\";\n  }\n}\n";
}

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_H_
