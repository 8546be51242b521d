// Bytes between the agent and `ilkimza-pkcs11`, the process that holds a vendor's
// module. Neither end trusts the other: every length is checked before it is used.
//
// A frame is four bytes of length, little-endian, and that many bytes. Inside, numbers
// are little-endian as well, and a text or byte string is its length (four bytes) and
// its bytes.
//
// Used by both ends; free of gRPC, Protocol Buffers and OpenSSL, which a module may
// bring along in another version. Not thread-safe.
#ifndef ILKIMZA_AGENT_PKCS11_WIRE_H_
#define ILKIMZA_AGENT_PKCS11_WIRE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ilkimza::agent::pkcs11 {

inline constexpr std::size_t kFrameHeader = 4;
// What a PIN, a path or something to sign can need.
inline constexpr std::size_t kMaxRequest = std::size_t{16} << 10;
// A card full of certificates.
inline constexpr std::size_t kMaxReply = std::size_t{1} << 20;

// Memory for a message that may hold a PIN: between guard pages, locked against
// swapping, wiped when it goes (libsodium).
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t capacity);
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer();

  [[nodiscard]] std::span<char> span() { return {data_, capacity_}; }
  void Wipe();

 private:
  char* data_;
  std::size_t capacity_;
};

// Fills memory it is given. What has no room leaves `ok` false, and the rest out.
class Writer {
 public:
  explicit Writer(std::span<char> memory) : memory_(memory) {}

  void U8(uint8_t value) { Number(value, 1); }
  void U32(uint32_t value) { Number(value, 4); }
  void U64(uint64_t value) { Number(value, 8); }
  void Bytes(std::string_view bytes);

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view written() const { return {memory_.data(), size_}; }

 private:
  void Number(uint64_t value, std::size_t bytes);
  void Put(std::string_view bytes);

  std::span<char> memory_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

// Reads what a Writer wrote. After the first thing that is not there, or that is longer
// than its limit, all else reads as zero and empty, and `ok` is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint8_t U8() { return static_cast<uint8_t>(Number(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Number(4)); }
  uint64_t U64() { return Number(8); }
  // A view into the bytes given.
  std::string_view Bytes(std::size_t limit);
  // A number of things to come, at most `limit`.
  uint32_t Count(uint32_t limit);

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  // All was read, and nothing is left.
  [[nodiscard]] bool Done() const { return ok_ && rest_.empty(); }

 private:
  uint64_t Number(std::size_t bytes);

  std::string_view rest_;
  bool ok_ = true;
};

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

enum class WireResult {
  kOk,
  // The other end is gone, or the socket failed.
  kClosed,
  kTimeout,
  // A frame of more bytes than allowed.
  kTooLong,
};

// `socket` is a stream socket in blocking or non-blocking mode. Never raises SIGPIPE.
WireResult SendFrame(int socket, std::string_view payload, Deadline deadline);
// Reads a frame into `memory`; `payload` views into it.
WireResult ReceiveFrame(int socket, std::span<char> memory, std::string_view& payload,
                        Deadline deadline);
// The same into a string, which grows with what has arrived, not with what was
// announced.
WireResult ReceiveFrame(int socket, std::size_t limit, std::string& payload, Deadline deadline);

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_WIRE_H_
