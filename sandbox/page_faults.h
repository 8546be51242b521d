// Faults of one page: what they do to its model, and to its bytes.
#ifndef ILKIMZA_SANDBOX_PAGE_FAULTS_H_
#define ILKIMZA_SANDBOX_PAGE_FAULTS_H_

#include <string_view>

#include "sandbox/answer.h"
#include "sandbox/faults.h"
#include "sandbox/page.h"

namespace ilkimza::sandbox {

// Headings and buttons; leaves the page alone for other kinds.
void Apply(const Fault& fault, Page& page);
// Bytes, size and type; `heading` is the page's, in the page's charset.
void Apply(const Fault& fault, std::string_view heading, Answer& answer);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PAGE_FAULTS_H_
