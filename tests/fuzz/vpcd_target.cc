// What the virtual reader writes to the practice card: frames, over a real connection,
// as it has them. Each complete frame is answered as vpcd expects it, until the bytes
// end or stop in the middle of a frame.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "sandbox/card/akis_card.h"
#include "sandbox/card/vpcd_link.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

using namespace std::string_literals;

constexpr std::string_view kAtr("\x3B\x9F\x96", 3);
constexpr char kGetAtr = 4;

// The reader's side. One for the program.
class Reader {
 public:
  Reader() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    FUZZ_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    FUZZ_CHECK(::listen(listener_, 8) == 0);
    FUZZ_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] int port() const { return port_; }

  // The card's connection; waits for it.
  int Wait() const {
    pollfd polled{.fd = listener_, .events = POLLIN, .revents = 0};
    // libFuzzer's timer interrupts.
    for (int connection = -1;; connection = Accept()) {
      if (connection >= 0) return connection;
      FUZZ_CHECK(::poll(&polled, 1, -1) >= 0 || errno == EINTR);
    }
  }
  // -1: none is waiting.
  int Accept() const { return ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  const int listener_;
  int port_ = 0;
};

// The card's next frame; nothing where the connection ends first.
std::optional<std::string> ReadFrame(int connection) {
  const auto read = [connection](std::size_t size) -> std::optional<std::string> {
    std::string bytes(size, '\0');
    for (std::size_t have = 0; have < size;) {
      const ssize_t got = ::recv(connection, bytes.data() + have, size - have, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return std::nullopt;
      have += static_cast<std::size_t>(got);
    }
    return bytes;
  };
  const auto header = read(2);
  if (!header) return std::nullopt;
  return read(Bytes(*header).Number());
}

struct Expected {
  // For each answer: whether it is the answer to reset.
  std::vector<bool> answers;
  bool whole = true;
};

Expected Read(std::string_view input) {
  Expected expected;
  Bytes bytes(input);
  while (!bytes.empty()) {
    if (bytes.rest().size() < 2 || bytes.rest().size() < 2 + Bytes(bytes).Number()) {
      expected.whole = false;
      break;
    }
    const std::string_view payload = bytes.Block();
    if (payload.size() != 1) expected.answers.push_back(false);
    if (payload.size() == 1 && payload[0] == kGetAtr) expected.answers.push_back(true);
  }
  return expected;
}

}  // namespace

bool TakeInput(std::string_view input) {
  static const Reader reader;
  // What fits into the connection's buffers, so that neither side waits for the other.
  input = input.substr(0, 16 * 1024);
  // Without keys, which take long to make: this card signs nothing.
  sandbox::AkisCard card("\x87\x21\x14\x70\0\0\0\0\0\0\xFF\xFF"s, "\x12\x92", {});
  card.pin().value = "123456";
  card.puk().value = "12345678";
  sandbox::VpcdLink::Card seam{
      .reset = [&card] { card.Reset(); },
      .answer_to_reset = [] { return std::string(kAtr); },
      .transmit = [&card](std::string_view apdu,
                          const std::stop_token&) { return std::optional(card.Process(apdu)); }};
  const Expected expected = Read(input);
  int connection = -1;
  {
    const sandbox::VpcdLink link("127.0.0.1", reader.port(), std::move(seam));
    connection = reader.Wait();
    FUZZ_CHECK(::send(connection, input.data(), input.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(input.size()));
    for (const bool is_atr : expected.answers) {
      const auto answer = ReadFrame(connection);
      FUZZ_CHECK(answer);
      FUZZ_CHECK(is_atr ? *answer == kAtr : answer->size() >= 2);
    }
    FUZZ_CHECK(link.alive());
  }
  ::close(connection);
  // The link may have looked for the reader again.
  for (int late = reader.Accept(); late >= 0; late = reader.Accept()) ::close(late);
  // Whatever was sent, a PIN loses no more tries than it was asked.
  FUZZ_CHECK(card.pin().tries_left >= 0 && card.pin().tries_left <= card.pin().max_tries);
  FUZZ_CHECK(card.puk().tries_left >= 0 && card.puk().tries_left <= card.puk().max_tries);
  return expected.whole && !expected.answers.empty();
}

std::vector<std::string> Seeds() {
  const std::string on = AsBlock("\1"s) + AsBlock("\4"s);
  const std::string application = AsBlock("\x00\xA4\x08\x00\x04\x3F\x00\x3D\x00\x00"s);
  return {
      on,
      on + AsBlock("\2"s) + AsBlock("\x00\xCA\x01\x06\x4D"s) + AsBlock("\x00\xCA\x01\x04\x0A"s),
      on + application + AsBlock("\x80\x18\x00\x00\x00"s) +
          AsBlock("\x00\xA4\x02\x00\x02\x50\x31\x00"s) + AsBlock("\x00\xB0\x00\x00\xF4"s) +
          AsBlock("\0"s),
      on + application + AsBlock("\x00\x20\x00\x80\x06"s + "123456") +
          AsBlock("\x00\x24\x02\x00\x0E\x06"s + "123456" + "\x06"s + "654321") +
          AsBlock("\x80\x1A\x00\x00"s),
      on + AsBlock("\x00\x2C\x02\x00\x10\x08"s + "12345678" + "\x06"s + "111222"),
      on + AsBlock("\x00\x22\xC3\x01"s) + AsBlock("\x10\x2A\x9E\x9A\xFF"s + std::string(255, 'd')) +
          AsBlock("\x00\x2A\x9E\x9A\x01"s + "d" + "\x00"s),
  };
}

std::vector<std::string> Words() {
  return {AsBlock(""),
          AsBlock("\0"s),
          AsBlock("\1"s),
          AsBlock("\2"s),
          AsBlock("\4"s),
          AsBlock("\7"s),
          "\xFF\xFF"s,
          AsBlock("\x00\xB0\xFF\xFF\x00"s),
          AsBlock("\x00\xA4\x04\x00\x0C\xA0\x00\x00\x00\x63PKCS-15"s)};
}

}  // namespace ilkimza::fuzz
