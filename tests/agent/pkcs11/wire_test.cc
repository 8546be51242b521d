// Neither end of the pipe believes the other.
#include "agent/pkcs11/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "agent/pkcs11/protocol.h"

namespace ilkimza::agent::pkcs11 {
namespace {

Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(50); }
Deadline Late() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

class Sockets {
 public:
  Sockets() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~Sockets() {
    Close(0);
    Close(1);
  }
  int operator[](int i) const { return ends_[i]; }
  void Close(int i) {
    if (ends_[i] >= 0) close(ends_[i]);
    ends_[i] = -1;
  }
  void Send(const std::string& bytes) const {
    EXPECT_EQ(write(ends_[0], bytes.data(), bytes.size()), bytes.size());
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(FrameTest, LargeFramesArriveWhole) {
  const Sockets sockets;
  const std::string sent(kMaxReply, 'x');
  std::thread sender([&] { EXPECT_EQ(SendFrame(sockets[0], sent, Late()), WireResult::kOk); });
  std::string received;
  EXPECT_EQ(ReceiveFrame(sockets[1], kMaxReply, received, Late()), WireResult::kOk);
  sender.join();
  EXPECT_EQ(received, sent);
}

TEST(FrameTest, TooLongIsRefusedBeforeItIsRead) {
  const Sockets sockets;
  sockets.Send("\xFF\xFF\xFF\xFF");
  std::string received;
  EXPECT_EQ(ReceiveFrame(sockets[1], kMaxReply, received, Late()), WireResult::kTooLong);
  sockets.Send(std::string("\x05\x00\x00\x00", 4));
  std::array<char, 4> memory{};
  std::string_view payload;
  EXPECT_EQ(ReceiveFrame(sockets[1], memory, payload, Late()), WireResult::kTooLong);
}

TEST(FrameTest, SilenceAndHalfFramesMeetTheDeadline) {
  const Sockets sockets;
  std::string received;
  EXPECT_EQ(ReceiveFrame(sockets[1], kMaxReply, received, Soon()), WireResult::kTimeout);
  sockets.Send(
      std::string("\x05\x00\x00\x00"
                  "abc",
                  7));
  EXPECT_EQ(ReceiveFrame(sockets[1], kMaxReply, received, Soon()), WireResult::kTimeout);
}

TEST(FrameTest, ASocketThatNobodyReadsMeetsTheDeadline) {
  const Sockets sockets;
  const std::string much(kMaxReply * 4, 'x');
  EXPECT_EQ(SendFrame(sockets[0], much, Soon()), WireResult::kTimeout);
}

TEST(FrameTest, AHangUpIsSeen) {
  Sockets sockets;
  sockets.Send(
      std::string("\x05\x00\x00\x00"
                  "abc",
                  7));
  sockets.Close(0);
  std::string received;
  EXPECT_EQ(ReceiveFrame(sockets[1], kMaxReply, received, Late()), WireResult::kClosed);
  EXPECT_EQ(SendFrame(sockets[1], "x", Late()), WireResult::kClosed);
}

TEST(WriterTest, WhatHasNoRoomIsLeftOut) {
  std::array<char, 8> memory{};
  Writer writer(memory);
  writer.Bytes("abcd");
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.written(), std::string_view("\x04\x00\x00\x00"
                                               "abcd",
                                               8));
  writer.U8(1);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.written().size(), 8);
}

TEST(ReaderTest, LengthsAreChecked) {
  Reader past(
      std::string_view("\x05\x00\x00\x00"
                       "abcd",
                       8));
  EXPECT_EQ(past.Bytes(100), "");
  EXPECT_FALSE(past.ok());
  Reader limited(
      std::string_view("\x04\x00\x00\x00"
                       "abcd",
                       8));
  EXPECT_EQ(limited.Bytes(3), "");
  EXPECT_FALSE(limited.ok());
  Reader good(
      std::string_view("\x04\x00\x00\x00"
                       "abcd!",
                       9));
  EXPECT_EQ(good.Bytes(4), "abcd");
  EXPECT_FALSE(good.Done());
  EXPECT_EQ(good.U8(), '!');
  EXPECT_TRUE(good.Done());
  EXPECT_EQ(good.U64(), 0);
  EXPECT_FALSE(good.ok());
}

TEST(ProtocolTest, WhatIsWrittenIsRead) {
  std::array<char, 4096> memory{};
  Writer writer(memory);
  Put(writer, Verdict{.outcome = Outcome::kRefused, .rv = 0xA0, .text = "C_Login"});
  Put(writer, std::vector<Slot>{{.id = 1, .description = "a"}, {.id = 1ULL << 40}});
  Put(writer, Token{.label = "l", .serial = "s", .flags = 0x8000000000000001, .max_pin = 8});
  Put(writer,
      CertificateList{.certificates = {{.id = "\x01", .label = "n", .der = "d", .key_seen = true}},
                      .shows_keys = true});
  Put(writer, KeyInfo{.ec = true, .mechanism = Mechanism::kEcdsa});
  ASSERT_TRUE(writer.ok());
  Reader reader(writer.written());
  Verdict verdict;
  std::vector<Slot> slots;
  Token token;
  CertificateList list;
  KeyInfo key;
  ASSERT_TRUE(Take(reader, verdict) && Take(reader, slots) && Take(reader, token) &&
              Take(reader, list) && Take(reader, key));
  EXPECT_TRUE(reader.Done());
  EXPECT_EQ(verdict.outcome, Outcome::kRefused);
  EXPECT_EQ(verdict.rv, 0xA0);
  EXPECT_EQ(verdict.text, "C_Login");
  ASSERT_EQ(slots.size(), 2);
  EXPECT_EQ(slots[1].id, 1ULL << 40);
  EXPECT_EQ(token.serial, "s");
  EXPECT_EQ(token.flags, 0x8000000000000001);
  ASSERT_EQ(list.certificates.size(), 1);
  EXPECT_TRUE(list.certificates[0].key_seen);
  EXPECT_EQ(key.mechanism, Mechanism::kEcdsa);
}

TEST(ProtocolTest, AnyBytesAreReadWithinTheirLimits) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 200, '\0');
    // Mostly small numbers: lengths that nearly fit.
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    for (int kind = 0; kind < 6; ++kind) {
      Reader reader(bytes);
      Verdict verdict;
      std::vector<Slot> slots;
      CertificateList list;
      Token token;
      KeyInfo key;
      ModuleInfo info;
      switch (kind) {
        case 0:
          Take(reader, verdict);
          EXPECT_LE(verdict.text.size(), kMaxText);
          break;
        case 1:
          Take(reader, slots);
          EXPECT_LE(slots.size(), kMaxSlots);
          break;
        case 2:
          Take(reader, list);
          EXPECT_LE(list.certificates.size(), kMaxObjects);
          break;
        case 3:
          Take(reader, token);
          break;
        case 4:
          Take(reader, info);
          break;
        default:
          if (Take(reader, key)) {
            EXPECT_LE(key.mechanism, Mechanism::kEcdsa);
          }
      }
    }
  }
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
