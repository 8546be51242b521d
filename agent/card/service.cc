#include "agent/card/service.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/card/families.h"
#include "agent/card/watchers.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/secret.h"
#include "ilkimza/v1/card_service.grpc.pb.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxName = 256;

absl::Status CheckName(std::string_view field, std::string_view name) {
  if (name.size() > 6 && name.size() <= kMaxName && name.substr(0, 6) == "cards/") {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   absl::StrCat(std::string(field),
                                " has to be a card's name, \"cards/...\", as ListCards gives it."),
                   {{"field", std::string(field)}});
}

// By another program; who that may be is said where the reader's look told it.
absl::Status Held(const SeenReader& seen) {
  if (ReasonOf(seen.trouble) == v1::ERROR_REASON_CARD_BUSY) return seen.trouble;
  return NameHolders(PcscError(SCARD_E_SHARING_VIOLATION, seen.reader.display_name()),
                     {seen.reader.programs().begin(), seen.reader.programs().end()});
}

absl::Status NoSuchCard(const Snapshot& view) {
  ILKIMZA_RETURN_IF_ERROR(view.service);
  if (view.readers.empty()) {
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_NO_READER,
                     "There is no card reader at this PC. Plug it in, and install its driver if it "
                     "has one.");
  }
  for (const SeenReader& seen : view.readers) {
    switch (seen.reader.state()) {
      case v1::READER_STATE_CARD_PRESENT:
        // One that has not said who it is may be the card that is meant.
        ILKIMZA_RETURN_IF_ERROR(seen.trouble);
        return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CARD_NOT_FOUND,
                         "No card of that name is in a reader, but another one is. Look at the "
                         "list of cards.");
      case v1::READER_STATE_CARD_MUTE:
        return PcscError(SCARD_W_UNRESPONSIVE_CARD, seen.reader.display_name());
      case v1::READER_STATE_IN_USE_EXCLUSIVELY:
        return Held(seen);
      default:
        break;
    }
  }
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_NO_CARD,
                   "There is no card in any reader. Put the chip in, contacts first.");
}

absl::StatusOr<const SeenReader*> FindCard(const Snapshot& view, std::string_view name) {
  const SeenReader* seen = view.FindCard(name);
  if (seen != nullptr) return seen;
  return NoSuchCard(view);
}

// A card that can do `operation`.
absl::StatusOr<const SeenReader*> FindUsableCard(const Snapshot& view, std::string_view name,
                                                 v1::CardOperation operation) {
  ILKIMZA_ASSIGN_OR_RETURN(const SeenReader* seen, FindCard(view, name));
  const std::string which = absl::StrCat("The card in the reader '", seen->reader.display_name(),
                                         "' (", seen->card.family_display_name(), ")");
  if (seen->family == nullptr) {
    // What spoke for it last time, or should have, has failed.
    ILKIMZA_RETURN_IF_ERROR(seen->trouble);
    return MakeError(
        absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_UNSUPPORTED,
        absl::StrCat(which,
                     " cannot be used here. Put in an e-signature card, or install the "
                     "PKCS#11 module of the card's maker."));
  }
  if (Offers(seen->card, operation)) return seen;
  return MakeError(absl::StatusCode::kUnimplemented, v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                   absl::StrCat(which,
                                " cannot do this here, and nothing was sent to it. Ask the "
                                "card's issuer how it is done."));
}

// A PIN goes to the card that was meant, or to none.
absl::Status CheckOnlyOne(const Snapshot& view, std::string_view name) {
  const auto count = std::count_if(view.readers.begin(), view.readers.end(),
                                   [&](const auto& seen) { return seen.card.name() == name; });
  if (count <= 1) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CARD_NOT_FOUND,
                   "More than one card in the readers bears this name, so nothing was sent to any "
                   "of them. Leave the one that is meant in its reader, take the others out, and "
                   "try again.",
                   {{"cards", absl::StrCat(count)}});
}

v1::CardOperation OperationOf(AttemptKind kind) {
  switch (kind) {
    case AttemptKind::kVerify:
      return v1::CARD_OPERATION_VERIFY_PIN;
    case AttemptKind::kChange:
      return v1::CARD_OPERATION_CHANGE_PIN;
    case AttemptKind::kTestSign:
      return v1::CARD_OPERATION_TEST_SIGN;
    case AttemptKind::kUnblock:
      return v1::CARD_OPERATION_UNBLOCK_PIN;
  }
  return v1::CARD_OPERATION_UNSPECIFIED;
}

v1::WatchReadersResponse ReadersOf(const Snapshot& view) {
  v1::WatchReadersResponse response;
  response.set_service_running(view.service_running);
  if (!view.service_running) response.set_service_trouble(ReasonOf(view.service));
  for (const SeenReader& seen : view.readers) *response.add_readers() = seen.reader;
  return response;
}

using Certificates = std::vector<ReadCertificate>;

absl::StatusOr<Certificates> ReadAllCertificates(Card& card, const std::string& serial) {
  return ReadCertificates(card, serial, SystemClock().Now());
}

std::string CertificateName(const std::string& card, const v1::Certificate& certificate) {
  return absl::StrCat(card, "/certificates/", certificate.fingerprint());
}

absl::Status NotACertificateName() {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                   "name has to be a certificate's name, \"cards/.../certificates/...\", as "
                   "ListCertificates gives it.",
                   {{"field", "name"}});
}

// One WatchReaders stream: the newest view, as fast as the client takes it.
class ReadersStream final : public grpc::ServerWriteReactor<v1::WatchReadersResponse> {
 public:
  explicit ReadersStream(std::shared_ptr<Watchers> watchers)
      : watchers_(std::move(watchers)), link_(std::make_shared<Link>()) {
    link_->stream = this;
    id_ = watchers_->Subscribe([link = link_](const absl::StatusOr<Watchers::View>& view) {
      const std::lock_guard lock(link->mutex);
      if (link->stream != nullptr) link->stream->OnView(view.status());
    });
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(link_->mutex);
    writing_ = false;
    if (!ok) return FinishOnce(grpc::Status::CANCELLED);
    if (pending_) Write();
  }

  void OnCancel() override {
    const std::lock_guard lock(link_->mutex);
    FinishOnce(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    {
      const std::lock_guard lock(link_->mutex);
      link_->stream = nullptr;
    }
    watchers_->Unsubscribe(id_);
    delete this;
  }

 private:
  // What the subscription holds: it may be called once more after the stream is gone.
  struct Link {
    std::mutex mutex;
    ReadersStream* stream = nullptr;
  };

  // With the lock held, as all below.
  void OnView(const absl::Status& status) {
    if (!status.ok()) return FinishOnce(ToGrpcStatus(status));
    if (writing_) {
      pending_ = true;
    } else {
      Write();
    }
  }

  void Write() {
    pending_ = false;
    if (finished_) return;
    writing_ = true;
    response_ = ReadersOf(*watchers_->Current());
    StartWrite(&response_);
  }

  void FinishOnce(const grpc::Status& status) {
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

  const std::shared_ptr<Watchers> watchers_;
  const std::shared_ptr<Link> link_;
  uint64_t id_ = 0;
  bool writing_ = false;
  bool pending_ = false;
  bool finished_ = false;
  v1::WatchReadersResponse response_;
};

// One call that may spend a try of a PIN. Its caller is told no more once its deadline has
// passed, it was cancelled or its connection is gone.
class AttemptReactor final : public grpc::ServerUnaryReactor {
 public:
  explicit AttemptReactor(const grpc::CallbackServerContext& context) {
    caller_->deadline = absl::FromChrono(context.deadline());
  }

  [[nodiscard]] CallerPtr caller() const { return caller_; }
  void OnCancel() override { caller_->gone = true; }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<Caller> caller_ = std::make_shared<Caller>();
};

class CardServerImpl final : public CardServer, private v1::CardService::CallbackService {
 public:
  explicit CardServerImpl(Parts parts)
      : parts_(std::move(parts)), watchers_(std::make_shared<Watchers>(parts_.timer)) {}

  grpc::Service& service() override { return *this; }
  void OnChange(std::shared_ptr<const Snapshot> snapshot) override {
    watchers_->OnChange(std::move(snapshot));
  }
  void Shutdown() override { watchers_->Shutdown(); }

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* ListReaders(Context* context, const v1::ListReadersRequest* request,
                       v1::ListReadersResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchReadersResponse>* WatchReaders(
      Context* context, const v1::WatchReadersRequest* request) override;
  Reactor* ListCards(Context* context, const v1::ListCardsRequest* request,
                     v1::ListCardsResponse* response) override;
  Reactor* GetCard(Context* context, const v1::GetCardRequest* request,
                   v1::Card* response) override;
  Reactor* ListCertificates(Context* context, const v1::ListCertificatesRequest* request,
                            v1::ListCertificatesResponse* response) override;
  Reactor* GetPinState(Context* context, const v1::GetPinStateRequest* request,
                       v1::PinState* response) override;
  Reactor* VerifyPin(Context* context, const v1::VerifyPinRequest* request,
                     v1::VerifyPinResponse* response) override;
  Reactor* ChangePin(Context* context, const v1::ChangePinRequest* request,
                     v1::ChangePinResponse* response) override;
  Reactor* UnblockPin(Context* context, const v1::UnblockPinRequest* request,
                      v1::UnblockPinResponse* response) override;
  Reactor* TestSign(Context* context, const v1::TestSignRequest* request,
                    v1::TestSignResponse* response) override;
  Reactor* ExportCertificate(Context* context, const v1::ExportCertificateRequest* request,
                             v1::ExportCertificateResponse* response) override;

  // Finishes `reactor` with what `answer` makes of the settled view.
  void AnswerFromView(Reactor* reactor, std::function<absl::Status(const Snapshot&)> answer);
  // Does `read` on the card of that name, and finishes `reactor` after `take`.
  template <typename T>
  void Read(Reactor* reactor, const std::string& field, const std::string& name,
            v1::CardOperation operation,
            std::function<absl::StatusOr<T>(Card&, const std::string&)> read,
            std::function<void(T&)> take);
  // Starts the attempt, and finishes the reactor after `take` where it went well.
  Reactor* Attempt(const Context& context, AttemptCall call,
                   std::function<void(const AttemptReply&)> take);
  void Begin(Reactor* reactor, AttemptCall call, std::function<void(const AttemptReply&)> take);

  const Parts parts_;
  const std::shared_ptr<Watchers> watchers_;
};

void CardServerImpl::AnswerFromView(Reactor* reactor,
                                    std::function<absl::Status(const Snapshot&)> answer) {
  watchers_->WhenSettled(
      kPatience, [reactor, answer = std::move(answer)](const absl::StatusOr<Watchers::View>& view) {
        reactor->Finish(ToGrpcStatus(view.ok() ? answer(**view) : view.status()));
      });
}

CardServerImpl::Reactor* CardServerImpl::ListReaders(Context* context,
                                                     const v1::ListReadersRequest*,
                                                     v1::ListReadersResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  AnswerFromView(reactor, [response](const Snapshot& view) {
    ILKIMZA_RETURN_IF_ERROR(view.service);
    for (const SeenReader& seen : view.readers) *response->add_readers() = seen.reader;
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchReadersResponse>* CardServerImpl::WatchReaders(
    Context*, const v1::WatchReadersRequest*) {
  return std::make_unique<ReadersStream>(watchers_).release();
}

CardServerImpl::Reactor* CardServerImpl::ListCards(Context* context, const v1::ListCardsRequest*,
                                                   v1::ListCardsResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  AnswerFromView(reactor, [response](const Snapshot& view) {
    ILKIMZA_RETURN_IF_ERROR(view.service);
    for (const SeenReader& seen : view.readers) {
      if (!seen.card.name().empty()) *response->add_cards() = seen.card;
    }
    return absl::OkStatus();
  });
  return reactor;
}

CardServerImpl::Reactor* CardServerImpl::GetCard(Context* context,
                                                 const v1::GetCardRequest* request,
                                                 v1::Card* response) {
  Reactor* reactor = context->DefaultReactor();
  AnswerFromView(reactor, [request, response](const Snapshot& view) -> absl::Status {
    ILKIMZA_RETURN_IF_ERROR(CheckName("name", request->name()));
    ILKIMZA_ASSIGN_OR_RETURN(const SeenReader* seen, FindCard(view, request->name()));
    *response = seen->card;
    return absl::OkStatus();
  });
  return reactor;
}

template <typename T>
void CardServerImpl::Read(Reactor* reactor, const std::string& field, const std::string& name,
                          v1::CardOperation operation,
                          std::function<absl::StatusOr<T>(Card&, const std::string&)> read,
                          std::function<void(T&)> take) {
  const auto done = [reactor, take = std::move(take)](absl::StatusOr<T> result) {
    if (result.ok()) take(*result);
    reactor->Finish(ToGrpcStatus(result.status()));
  };
  if (const absl::Status status = CheckName(field, name); !status.ok()) return done(status);
  watchers_->WhenSettled(
      kPatience, [this, name, operation, read, done](const absl::StatusOr<Watchers::View>& view) {
        if (!view.ok()) return done(view.status());
        const auto found = FindUsableCard(**view, name, operation);
        if (!found.ok()) return done(found.status());
        const SeenReader& seen = **found;
        parts_.workers->Run<T>(
            seen.pcsc_name,
            [read, family = seen.family, facts = seen.facts,
             serial = seen.card.serial()](CardEnvironment& environment) {
              absl::StatusOr<T> result = absl::UnknownError("nothing was read");
              const absl::Status used = family->Use(environment, facts, [&](Card& card) {
                result = read(card, serial);
                return result.status();
              });
              if (!used.ok()) result = used;
              return result;
            },
            [this, done, family = seen.family, facts = seen.facts](absl::StatusOr<T> result) {
              const v1::ErrorReason reason = ReasonOf(result.status());
              if (reason == v1::ERROR_REASON_CARD_PROTOCOL) family->Forget(facts);
              if (reason == v1::ERROR_REASON_CARD_NOT_FOUND) parts_.other_card(facts.reader);
              if (MayBeAnotherCard(result.status())) parts_.card_in_doubt(facts.reader);
              done(std::move(result));
            });
      });
}

CardServerImpl::Reactor* CardServerImpl::ListCertificates(
    Context* context, const v1::ListCertificatesRequest* request,
    v1::ListCertificatesResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  Read<Certificates>(reactor, "parent", request->parent(), v1::CARD_OPERATION_LIST_CERTIFICATES,
                     &ReadAllCertificates, [request, response](Certificates& certificates) {
                       for (auto& certificate : certificates) {
                         v1::Certificate& out = *response->add_certificates();
                         out = std::move(certificate.description);
                         out.set_name(CertificateName(request->parent(), out));
                       }
                     });
  return reactor;
}

CardServerImpl::Reactor* CardServerImpl::ExportCertificate(
    Context* context, const v1::ExportCertificateRequest* request,
    v1::ExportCertificateResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  constexpr std::string_view kPart = "/certificates/";
  const std::size_t part = request->name().size() <= 2 * kMaxName
                               ? request->name().find(std::string(kPart))
                               : std::string::npos;
  if (part == std::string::npos) {
    reactor->Finish(ToGrpcStatus(NotACertificateName()));
    return reactor;
  }
  const std::string card_name = request->name().substr(0, part);
  const std::string fingerprint = request->name().substr(part + kPart.size());
  Read<ReadCertificate>(
      reactor, "name", card_name, v1::CARD_OPERATION_LIST_CERTIFICATES,
      [fingerprint](Card& card, const std::string& serial) -> absl::StatusOr<ReadCertificate> {
        ILKIMZA_ASSIGN_OR_RETURN(Certificates all, ReadAllCertificates(card, serial));
        for (ReadCertificate& certificate : all) {
          if (certificate.description.fingerprint() == fingerprint) return std::move(certificate);
        }
        return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND,
                         "There is no certificate with this fingerprint on the card. Look at the "
                         "list of its certificates.");
      },
      [card_name, response](ReadCertificate& certificate) {
        *response->mutable_certificate() = std::move(certificate.description);
        response->mutable_certificate()->set_name(
            CertificateName(card_name, response->certificate()));
        response->set_der(std::move(certificate.der));
      });
  return reactor;
}

CardServerImpl::Reactor* CardServerImpl::GetPinState(Context* context,
                                                     const v1::GetPinStateRequest* request,
                                                     v1::PinState* response) {
  Reactor* reactor = context->DefaultReactor();
  Read<v1::PinState>(
      reactor, "name", request->name(), v1::CARD_OPERATION_GET_PIN_STATE,
      [policy = parts_.policy](Card& card, const std::string& serial) {
        return ReadPinState(card, serial, policy, SystemClock().Now());
      },
      [response](v1::PinState& state) { *response = std::move(state); });
  return reactor;
}

CardServerImpl::Reactor* CardServerImpl::Attempt(const Context& context, AttemptCall call,
                                                 std::function<void(const AttemptReply&)> take) {
  AttemptReactor* const reactor = std::make_unique<AttemptReactor>(context).release();
  call.caller = reactor->caller();
  Begin(reactor, std::move(call), std::move(take));
  return reactor;
}

void CardServerImpl::Begin(Reactor* reactor, AttemptCall call,
                           std::function<void(const AttemptReply&)> take) {
  const Attempts::Done done = [reactor, take = std::move(take)](const Attempts::Answer& answer) {
    if (answer.ok()) take(*answer);
    reactor->Finish(ToGrpcStatus(answer.status()));
  };
  if (const absl::Status status = CheckName("name", call.card); !status.ok()) return done(status);
  if (parts_.attempts->Repeats(call, done)) return;
  if (call.kind == AttemptKind::kUnblock && !call.allow_puk_try) {
    return done(PukTryNotConfirmed());
  }
  // std::function copies; the call, with its PINs, must not be copied.
  const auto shared = std::make_shared<AttemptCall>(std::move(call));
  watchers_->WhenSettled(
      kPatience, [this, shared, done](const absl::StatusOr<Watchers::View>& view) {
        if (!view.ok()) return done(view.status());
        const auto seen = FindUsableCard(**view, shared->card, OperationOf(shared->kind));
        if (!seen.ok()) return done(seen.status());
        const absl::Status only_one = CheckOnlyOne(**view, shared->card);
        if (!only_one.ok()) return done(only_one);
        parts_.attempts->Start(std::move(*shared), **seen, done);
      });
}

CardServerImpl::Reactor* CardServerImpl::VerifyPin(Context* context,
                                                   const v1::VerifyPinRequest* request,
                                                   v1::VerifyPinResponse* response) {
  AttemptCall call{.kind = AttemptKind::kVerify,
                   .card = request->name(),
                   .pin = Secret(request->pin()),
                   .on_pinpad = request->on_pinpad(),
                   .allow_last_try = request->allow_last_try(),
                   .journey = request->journey(),
                   .request_id = request->request_id()};
  // gRPC hands requests over as const, but they are ours until the call ends.
  WipeSecrets(const_cast<v1::VerifyPinRequest&>(*request));
  return Attempt(*context, std::move(call), [response](const AttemptReply& reply) {
    *response->mutable_pin_state() = reply.pin_state;
  });
}

CardServerImpl::Reactor* CardServerImpl::ChangePin(Context* context,
                                                   const v1::ChangePinRequest* request,
                                                   v1::ChangePinResponse* response) {
  AttemptCall call{.kind = AttemptKind::kChange,
                   .card = request->name(),
                   .pin = Secret(request->old_pin()),
                   .new_pin = Secret(request->new_pin()),
                   .on_pinpad = request->on_pinpad(),
                   .allow_last_try = request->allow_last_try(),
                   .keep_current = request->keep_current(),
                   .journey = request->journey(),
                   .request_id = request->request_id()};
  WipeSecrets(const_cast<v1::ChangePinRequest&>(*request));
  return Attempt(*context, std::move(call), [response](const AttemptReply& reply) {
    *response->mutable_pin_state() = reply.pin_state;
  });
}

CardServerImpl::Reactor* CardServerImpl::UnblockPin(Context* context,
                                                    const v1::UnblockPinRequest* request,
                                                    v1::UnblockPinResponse* response) {
  AttemptCall call{.kind = AttemptKind::kUnblock,
                   .card = request->name(),
                   .pin = Secret(request->puk()),
                   .new_pin = Secret(request->new_pin()),
                   .on_pinpad = request->on_pinpad(),
                   .allow_puk_try = request->allow_puk_try(),
                   .journey = request->journey(),
                   .request_id = request->request_id()};
  WipeSecrets(const_cast<v1::UnblockPinRequest&>(*request));
  return Attempt(*context, std::move(call), [response](const AttemptReply& reply) {
    *response->mutable_pin_state() = reply.pin_state;
  });
}

CardServerImpl::Reactor* CardServerImpl::TestSign(Context* context,
                                                  const v1::TestSignRequest* request,
                                                  v1::TestSignResponse* response) {
  AttemptCall call{.kind = AttemptKind::kTestSign,
                   .card = request->name(),
                   .pin = Secret(request->pin()),
                   .allow_last_try = request->allow_last_try(),
                   .journey = request->journey(),
                   .request_id = request->request_id()};
  WipeSecrets(const_cast<v1::TestSignRequest&>(*request));
  return Attempt(*context, std::move(call), [response](const AttemptReply& reply) {
    *response->mutable_certificate() = reply.certificate;
    response->set_algorithm(reply.algorithm);
  });
}

}  // namespace

std::unique_ptr<CardServer> CardServer::Create(Parts parts) {
  return std::make_unique<CardServerImpl>(std::move(parts));
}

}  // namespace ilkimza::agent
