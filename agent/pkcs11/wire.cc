#include "agent/pkcs11/wire.h"

#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <new>

namespace ilkimza::agent::pkcs11 {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

// Milliseconds for poll(), rounded up so that it does not return early over and over.
int Remaining(Deadline deadline) {
  if (deadline == kNoDeadline) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

WireResult WaitFor(int socket, short events, Deadline deadline) {
  while (true) {
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, Remaining(deadline));
    if (ready > 0) return WireResult::kOk;  // an error or hang-up shows at the next call
    if (ready == 0) return WireResult::kTimeout;
    if (errno != EINTR) return WireResult::kClosed;
  }
}

bool Again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

WireResult SendAll(int socket, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (!Again()) return WireResult::kClosed;
    if (const WireResult wait = WaitFor(socket, POLLOUT, deadline); wait != WireResult::kOk) {
      return wait;
    }
  }
  return WireResult::kOk;
}

WireResult ReceiveAll(int socket, std::span<char> memory, Deadline deadline) {
  while (!memory.empty()) {
    const ssize_t got = recv(socket, memory.data(), memory.size(), MSG_DONTWAIT);
    if (got > 0) {
      memory = memory.subspan(static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0 || !Again()) return WireResult::kClosed;
    if (const WireResult wait = WaitFor(socket, POLLIN, deadline); wait != WireResult::kOk) {
      return wait;
    }
  }
  return WireResult::kOk;
}

WireResult ReceiveHeader(int socket, std::size_t limit, std::size_t& size, Deadline deadline) {
  std::array<char, kFrameHeader> header{};
  if (const WireResult result = ReceiveAll(socket, header, deadline); result != WireResult::kOk) {
    return result;
  }
  Reader reader({header.data(), header.size()});
  size = reader.U32();
  return size <= limit ? WireResult::kOk : WireResult::kTooLong;
}

}  // namespace

GuardedBuffer::GuardedBuffer(std::size_t capacity) : capacity_(capacity) {
  if (sodium_init() < 0) throw std::bad_alloc();
  data_ = static_cast<char*>(sodium_malloc(capacity));
  if (data_ == nullptr) throw std::bad_alloc();
}

GuardedBuffer::~GuardedBuffer() { sodium_free(data_); }  // wipes first

void GuardedBuffer::Wipe() { sodium_memzero(data_, capacity_); }

void Writer::Number(uint64_t value, std::size_t bytes) {
  std::array<char, 8> little{};
  for (std::size_t i = 0; i < bytes; ++i) little[i] = static_cast<char>(value >> (8 * i));
  Put({little.data(), bytes});
}

void Writer::Bytes(std::string_view bytes) {
  if (bytes.size() > UINT32_MAX) {
    ok_ = false;
    return;
  }
  U32(static_cast<uint32_t>(bytes.size()));
  Put(bytes);
}

void Writer::Put(std::string_view bytes) {
  if (!ok_ || bytes.size() > memory_.size() - size_) {
    ok_ = false;
    return;
  }
  // An empty view may have no address.
  if (!bytes.empty()) std::memcpy(memory_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

uint64_t Reader::Number(std::size_t bytes) {
  if (!ok_ || rest_.size() < bytes) {
    ok_ = false;
    return 0;
  }
  uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(bytes);
  return value;
}

std::string_view Reader::Bytes(std::size_t limit) {
  const std::size_t size = U32();
  if (!ok_ || size > limit || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

uint32_t Reader::Count(uint32_t limit) {
  const uint32_t count = U32();
  if (count <= limit) return count;
  ok_ = false;
  return 0;
}

WireResult SendFrame(int socket, std::string_view payload, Deadline deadline) {
  std::array<char, kFrameHeader> header{};
  Writer writer(header);
  writer.U32(static_cast<uint32_t>(payload.size()));
  if (const WireResult result = SendAll(socket, writer.written(), deadline);
      result != WireResult::kOk) {
    return result;
  }
  return SendAll(socket, payload, deadline);
}

WireResult ReceiveFrame(int socket, std::span<char> memory, std::string_view& payload,
                        Deadline deadline) {
  std::size_t size = 0;
  WireResult result = ReceiveHeader(socket, memory.size(), size, deadline);
  if (result == WireResult::kOk) result = ReceiveAll(socket, memory.first(size), deadline);
  if (result == WireResult::kOk) payload = {memory.data(), size};
  return result;
}

WireResult ReceiveFrame(int socket, std::size_t limit, std::string& payload, Deadline deadline) {
  std::size_t size = 0;
  WireResult result = ReceiveHeader(socket, limit, size, deadline);
  payload.clear();
  while (result == WireResult::kOk && payload.size() < size) {
    const std::size_t had = payload.size();
    payload.resize(std::min(size, had + kChunk));
    result = ReceiveAll(socket, std::span(payload).subspan(had), deadline);
  }
  return result;
}

}  // namespace ilkimza::agent::pkcs11
