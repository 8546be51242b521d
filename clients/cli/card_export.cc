// `ilkimza card export-cert`.
#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/cli/file_output.h"
#include "clients/cli/pin_command.h"
#include "clients/cli/program.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

constexpr size_t kPemColumns = 64;
constexpr size_t kShownFingerprint = 12;

absl::Status Bad(const char* field, const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD, why,
                   {{"field", field}});
}

std::string Pem(const std::string& der) {
  const std::string base64 = absl::Base64Escape(der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t begin = 0; begin < base64.size(); begin += kPemColumns) {
    pem += base64.substr(begin, kPemColumns) + "\n";
  }
  return pem + "-----END CERTIFICATE-----\n";
}

// As fingerprints are written elsewhere: with colons, in capitals.
std::string Plain(const std::string& fingerprint) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(fingerprint, {{":", ""}, {" ", ""}}));
}

bool Signs(const v1::Certificate& certificate) {
  return certificate.qualified() && certificate.has_private_key();
}

// A valid one before others, then the newest.
bool Better(const v1::Certificate& a, const v1::Certificate& b) {
  const auto valid = [](const v1::Certificate& certificate) {
    return ValidityOf(certificate, absl::Now()) == v1::CERTIFICATE_VALIDITY_VALID;
  };
  if (valid(a) != valid(b)) return valid(a);
  return FromProto(a.not_before()) > FromProto(b.not_before());
}

absl::StatusOr<v1::Certificate> Choose(std::vector<v1::Certificate> found,
                                       const CommandOptions& options) {
  const std::string wanted = Plain(options.certificate);
  const auto meant = [&](const v1::Certificate& certificate) {
    return options.signing ? Signs(certificate)
                           : absl::StartsWith(certificate.fingerprint(), wanted);
  };
  found.erase(std::remove_if(found.begin(), found.end(), std::not_fn(meant)), found.end());
  if (found.empty()) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                     options.certificate.empty()
                         ? "no certificate on the card is the one that is meant"
                         : "no certificate on the card has a fingerprint that begins with " +
                               Printable(options.certificate.substr(0, 2 * kPemColumns)));
  }
  if (options.signing) return *std::min_element(found.begin(), found.end(), Better);
  if (found.size() == 1) return found.front();
  std::string list;
  for (const v1::Certificate& certificate : found) {
    absl::StrAppend(&list, list.empty() ? "" : ", ",
                    certificate.fingerprint().substr(0, kShownFingerprint), " ",
                    Printable(certificate.label()));
  }
  return Bad("certificate", "more than one fits (" + list +
                                "); say which with --certificate, or take the one that signs with "
                                "--signing");
}

int FailToChoose(Program& program, const CommandOptions& options, const absl::Status& status) {
  Sentence sentence = StatusSentence(program.settings.texts, status);
  if (ReasonOf(status) == v1::ERROR_REASON_BAD_FIELD) {
    sentence = {program.Say("There is more than one certificate on this card."),
                program.Say("Say which one with --certificate, or take the one that signs with "
                            "--signing.")};
  } else if (!options.signing) {
    sentence = {program.Say("There is no such certificate on this card."),
                program.Say("See its certificates with \"ilkimza card certs\".")};
  }
  // Of a card that lacks the one that signs, the test signature says the same.
  const bool is_named = status.code() == absl::StatusCode::kNotFound && !options.signing;
  return Fail(program.screen, program.settings, status, sentence,
              is_named ? std::optional<int>(kExitNotFound) : std::nullopt);
}

void TellText(Program& program, const CommandOptions& options, const v1::Certificate& certificate) {
  program.screen.WriteText(absl::Substitute(program.Say("Written to $0."), Printable(options.out)),
                           0, Style::kGood);
  program.screen.WriteText(Printable(certificate.subject()) + ": " +
                               ValiditySentence(program.settings.texts, certificate, absl::Now()),
                           2);
  program.screen.WriteText(
      program.Say("A certificate holds your name and national id: give it only to those who may "
                  "know them."),
      2, Style::kDim);
}

int Write(Program& program, const CommandOptions& options, const v1::Card& card,
          const v1::ExportCertificateResponse& exported) {
  const bool pem = options.form == "pem";
  const std::string bytes = pem ? Pem(exported.der()) : exported.der();
  if (!options.out.empty()) {
    const absl::Status status = WriteWholeFile(options.out, bytes, options.force);
    if (!status.ok()) return FailToWrite(program.screen, program.settings, status);
  }
  if (program.settings.json) {
    Json json;
    json["card"] = card.name();
    json["certificate"] = ToJson(exported.certificate());
    json["form"] = options.form;
    if (!options.out.empty()) {
      json["out"] = options.out;
    } else if (pem) {
      json["pem"] = bytes;
    } else {
      json["der_base64"] = absl::Base64Escape(bytes);
    }
    program.screen.WriteLine(Line(json));
  } else if (options.out.empty()) {
    program.screen.Write(bytes);
  } else {
    TellText(program, options, exported.certificate());
  }
  return kExitOk;
}

}  // namespace

int CardExportCert(Program& program, const CommandOptions& options) {
  const bool to_screen = options.out.empty() && !program.settings.json;
  if (options.form == "der" && to_screen && program.screen.is_terminal()) {
    return Fail(program.screen, program.settings, Bad("form", "DER is not written to a terminal"),
                {program.Say("DER is not made for the screen, so nothing was written."),
                 program.Say("Name a file with --out, or leave out --form.")},
                kExitUsage);
  }
  const auto card = FindCard(program.agent, options.card);
  if (!card.ok()) return Fail(program.screen, program.settings, card.status());
  v1::ListCertificatesRequest list;
  list.set_parent(card->name());
  const auto found = program.agent.ListCertificates(list);
  if (!found.ok()) return Fail(program.screen, program.settings, found.status());
  const auto chosen = Choose({found->certificates().begin(), found->certificates().end()}, options);
  if (!chosen.ok()) return FailToChoose(program, options, chosen.status());
  v1::ExportCertificateRequest request;
  request.set_name(chosen->name());
  const auto exported = program.agent.ExportCertificate(request);
  if (!exported.ok()) return Fail(program.screen, program.settings, exported.status());
  return Write(program, options, *card, *exported);
}

}  // namespace ilkimza::client
