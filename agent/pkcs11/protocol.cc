#include "agent/pkcs11/protocol.h"

#include <algorithm>

namespace ilkimza::agent::pkcs11 {
namespace {

void PutText(Writer& writer, const std::string& text) {
  writer.Bytes(std::string_view(text).substr(0, kMaxText));
}

std::string TakeText(Reader& reader) { return std::string(reader.Bytes(kMaxText)); }

bool TakeFlag(Reader& reader) { return reader.U8() != 0; }

}  // namespace

void Put(Writer& writer, const Verdict& verdict) {
  writer.U8(static_cast<uint8_t>(verdict.outcome));
  writer.U64(verdict.rv);
  PutText(writer, verdict.text);
}

bool Take(Reader& reader, Verdict& verdict) {
  const uint8_t outcome = reader.U8();
  verdict.outcome = static_cast<Outcome>(std::min(outcome, static_cast<uint8_t>(kLastOutcome)));
  verdict.rv = reader.U64();
  verdict.text = TakeText(reader);
  return reader.ok() && outcome <= static_cast<uint8_t>(kLastOutcome);
}

void Put(Writer& writer, const ModuleInfo& info) {
  PutText(writer, info.manufacturer);
  PutText(writer, info.description);
  writer.U8(info.version_major);
  writer.U8(info.version_minor);
}

bool Take(Reader& reader, ModuleInfo& info) {
  info.manufacturer = TakeText(reader);
  info.description = TakeText(reader);
  info.version_major = reader.U8();
  info.version_minor = reader.U8();
  return reader.ok();
}

void Put(Writer& writer, const std::vector<Slot>& slots) {
  writer.U32(static_cast<uint32_t>(slots.size()));
  for (const Slot& slot : slots) {
    writer.U64(slot.id);
    PutText(writer, slot.description);
  }
}

bool Take(Reader& reader, std::vector<Slot>& slots) {
  slots.resize(reader.Count(kMaxSlots));
  for (Slot& slot : slots) {
    slot.id = reader.U64();
    slot.description = TakeText(reader);
  }
  return reader.ok();
}

void Put(Writer& writer, const Token& token) {
  PutText(writer, token.label);
  PutText(writer, token.manufacturer);
  PutText(writer, token.model);
  PutText(writer, token.serial);
  writer.U64(token.flags);
  writer.U64(token.min_pin);
  writer.U64(token.max_pin);
}

bool Take(Reader& reader, Token& token) {
  token.label = TakeText(reader);
  token.manufacturer = TakeText(reader);
  token.model = TakeText(reader);
  token.serial = TakeText(reader);
  token.flags = reader.U64();
  token.min_pin = reader.U64();
  token.max_pin = reader.U64();
  return reader.ok();
}

void Put(Writer& writer, const CertificateList& list) {
  writer.U8(list.shows_keys ? 1 : 0);
  writer.U32(static_cast<uint32_t>(list.certificates.size()));
  for (const TokenCertificate& certificate : list.certificates) {
    writer.Bytes(certificate.id);
    PutText(writer, certificate.label);
    writer.Bytes(certificate.der);
    writer.U8(certificate.key_seen ? 1 : 0);
  }
}

bool Take(Reader& reader, CertificateList& list) {
  list.shows_keys = TakeFlag(reader);
  list.certificates.resize(reader.Count(kMaxObjects));
  for (TokenCertificate& certificate : list.certificates) {
    certificate.id = std::string(reader.Bytes(kMaxId));
    certificate.label = TakeText(reader);
    certificate.der = std::string(reader.Bytes(kMaxCertificate));
    certificate.key_seen = TakeFlag(reader);
  }
  return reader.ok();
}

void Put(Writer& writer, const KeyInfo& key) {
  writer.U8(key.rsa ? 1 : 0);
  writer.U8(key.ec ? 1 : 0);
  writer.U8(key.asks_again ? 1 : 0);
  writer.U8(static_cast<uint8_t>(key.mechanism));
}

bool Take(Reader& reader, KeyInfo& key) {
  key.rsa = TakeFlag(reader);
  key.ec = TakeFlag(reader);
  key.asks_again = TakeFlag(reader);
  const uint8_t mechanism = reader.U8();
  if (mechanism > static_cast<uint8_t>(Mechanism::kEcdsa)) return false;
  key.mechanism = static_cast<Mechanism>(mechanism);
  return reader.ok();
}

}  // namespace ilkimza::agent::pkcs11
