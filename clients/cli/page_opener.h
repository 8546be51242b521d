// Opens a page in the holder's own browser.
//
//   if (!opener.Open(address)) Say("Open this page: " + address);
#ifndef ILKIMZA_CLIENTS_CLI_PAGE_OPENER_H_
#define ILKIMZA_CLIENTS_CLI_PAGE_OPENER_H_

#include <memory>
#include <string>

namespace ilkimza::client {

class PageOpener {
 public:
  virtual ~PageOpener() = default;
  // Returns at once. False where no browser can be opened here, and for an address
  // that is not https or holds a character that no address has.
  virtual bool Open(const std::string& address) = 0;
};

// By the programs of $BROWSER, tried one after the other; without it by xdg-open,
// where there is a desktop ($DISPLAY or $WAYLAND_DISPLAY). The address is public:
// it may be seen among the processes.
std::unique_ptr<PageOpener> DesktopPageOpener();

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_PAGE_OPENER_H_
