// Defines ILKIMZA_SANITIZED where the address or thread sanitizer is built in. GCC says
// so by macros of its own, clang by a feature.
#ifndef ILKIMZA_BASE_SANITIZED_H_
#define ILKIMZA_BASE_SANITIZED_H_

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ILKIMZA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ILKIMZA_SANITIZED 1
#endif
#endif

#endif  // ILKIMZA_BASE_SANITIZED_H_
