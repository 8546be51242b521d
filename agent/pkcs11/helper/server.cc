#include "agent/pkcs11/helper/server.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pkcs11/helper/ending.h"
#include "agent/pkcs11/helper/module.h"
#include "agent/pkcs11/protocol.h"
#include "agent/pkcs11/wire.h"

namespace ilkimza::agent::pkcs11 {
namespace {

// A reply under construction: the verdict, and what belongs to it.
class Reply {
 public:
  explicit Reply(std::span<char> memory) : writer_(memory) {}

  void Give(const Verdict& verdict) { Put(writer_, verdict); }
  template <typename T>
  void Give(const Verdict& verdict, const T& value) {
    Put(writer_, verdict);
    if (verdict.done()) Put(writer_, value);
  }
  void GiveBytes(const Verdict& verdict, const std::string& bytes) {
    Put(writer_, verdict);
    if (verdict.done()) writer_.Bytes(bytes);
  }
  [[nodiscard]] const Writer& writer() const { return writer_; }

 private:
  Writer writer_;
};

bool AnswerLoad(Reader& request, VendorModule& module, bool& loaded, Reply& reply) {
  const std::string path(request.Bytes(kMaxPath));
  if (!request.Done()) return false;
  ModuleInfo info;
  const Verdict verdict = module.Load(path, info);
  loaded = verdict.done();
  reply.Give(verdict, info);
  return true;
}

bool AnswerSlot(Op op, Reader& request, VendorModule& module, Reply& reply) {
  const uint64_t slot = request.U64();
  if (!request.Done()) return false;
  if (op == Op::kToken) {
    Token token;
    const Verdict verdict = module.ReadToken(slot, token);
    reply.Give(verdict, token);
  } else if (op == Op::kCertificates) {
    CertificateList list;
    const Verdict verdict = module.Certificates(slot, list);
    reply.Give(verdict, list);
  } else {
    reply.Give(module.Open(slot));
  }
  return true;
}

bool AnswerLogin(Reader& request, VendorModule& module, Reply& reply) {
  const uint8_t user = request.U8();
  const std::string_view pin = request.Bytes(kMaxPin);
  if (!request.Done() || user > static_cast<uint8_t>(User::kSecurityOfficer)) return false;
  reply.Give(module.Login(static_cast<User>(user), pin));
  return true;
}

bool AnswerPin(Op op, Reader& request, VendorModule& module, Reply& reply) {
  const std::string_view first = request.Bytes(kMaxPin);
  if (op == Op::kInitPin) {
    if (!request.Done()) return false;
    reply.Give(module.InitPin(first));
    return true;
  }
  const std::string_view second = request.Bytes(kMaxPin);
  if (!request.Done()) return false;
  reply.Give(module.SetPin(first, second));
  return true;
}

bool AnswerFindKey(Reader& request, VendorModule& module, Reply& reply) {
  const std::string_view id = request.Bytes(kMaxId);
  if (!request.Done()) return false;
  KeyInfo key;
  const Verdict verdict = module.FindKey(id, key);
  reply.Give(verdict, key);
  return true;
}

bool AnswerSign(Reader& request, VendorModule& module, Reply& reply) {
  const uint8_t mechanism = request.U8();
  const std::string_view data = request.Bytes(kMaxToSign);
  const std::string_view pin = request.Bytes(kMaxPin);
  if (!request.Done() || mechanism > static_cast<uint8_t>(Mechanism::kEcdsa)) return false;
  std::string signature;
  const Verdict verdict = module.Sign(static_cast<Mechanism>(mechanism), data, pin, signature);
  reply.GiveBytes(verdict, signature);
  return true;
}

// False where this is no request, or not one for now.
bool Answer(std::string_view bytes, VendorModule& module, bool& loaded, Reply& reply) {
  Reader request(bytes);
  const auto op = static_cast<Op>(request.U8());
  if (loaded == (op == Op::kLoad)) return false;
  switch (op) {
    case Op::kLoad:
      return AnswerLoad(request, module, loaded, reply);
    case Op::kSlots: {
      if (!request.Done()) return false;
      std::vector<Slot> slots;
      const Verdict verdict = module.Slots(slots);
      reply.Give(verdict, slots);
      return true;
    }
    case Op::kToken:
    case Op::kCertificates:
    case Op::kOpen:
      return AnswerSlot(op, request, module, reply);
    case Op::kLogin:
      return AnswerLogin(request, module, reply);
    case Op::kSetPin:
    case Op::kInitPin:
      return AnswerPin(op, request, module, reply);
    case Op::kFindKey:
      return AnswerFindKey(request, module, reply);
    case Op::kSign:
      return AnswerSign(request, module, reply);
    case Op::kClose:
      if (!request.Done()) return false;
      reply.Give(module.Close());
      return true;
  }
  return false;
}

// Until the agent hangs up or dies.
void AnswerAll(int socket, VendorModule& module) {
  GuardedBuffer incoming(kMaxRequest);
  std::vector<char> outgoing(kMaxReply);
  bool loaded = false;
  std::string_view request;
  while (ReceiveFrame(socket, incoming.span(), request, kNoDeadline) == WireResult::kOk) {
    Reply reply(outgoing);
    const bool answered = Answer(request, module, loaded, reply);
    incoming.Wipe();
    if (!answered || !reply.writer().ok()) return;
    if (SendFrame(socket, reply.writer().written(), kNoDeadline) != WireResult::kOk) return;
  }
}

}  // namespace

void Serve(int socket) {
  VendorModule module;
  AnswerAll(socket, module);
  // Nobody waits for a module that hangs while it logs out or is finalised.
  EndSoon();
}

}  // namespace ilkimza::agent::pkcs11
