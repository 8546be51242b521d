// The few scripts upon buttons and links that old portals are made of. Nothing is
// run: the usual forms are read, everything else is unknown. Inside of portal/ only.
#ifndef ILKIMZA_PORTAL_SCRIPT_H_
#define ILKIMZA_PORTAL_SCRIPT_H_

#include <string_view>

namespace ilkimza::portal {

struct Script {
  enum Kind {
    kNone,      // there is no script, or one that does nothing
    kPostback,  // __doPostBack('first', 'second'), WebForm_PostBackOptions("first", "second"
    kGo,        // location = 'first', location.href = 'first'
    kSubmit,    // ...submit(), of the form that `form` and `first` say
    kUnknown
  };
  // Which form a kSubmit sends.
  enum FormRef {
    kUnclear,  // it is said in no usual way, or more is done than to send it
    kOwn,      // this.form
    kNumber,   // document.forms[first]
    kListed,   // document.forms['first'], document.forms.first: by id or name
    kNamed,    // document.first
    kId        // document.getElementById('first')
  };
  Kind kind = kNone;
  FormRef form = kUnclear;
  // It ends in `return false`: what the control does without a script is not done.
  bool cancels = false;
  // As written in the script; they point into it.
  std::string_view first;
  std::string_view second;
};

// `text` is an onclick attribute, or an address that begins with "javascript:".
Script ReadScript(std::string_view text);

bool IsScriptAddress(std::string_view address);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_SCRIPT_H_
