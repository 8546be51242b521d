// v1::DiagnosisService: looks at everything between this PC and a signature and says
// what it finds, in typed findings. Never asks for a PIN, spends no try, submits
// nothing, and names no person.
//
// Kept apart from gRPC's headers.
#ifndef ILKIMZA_AGENT_DIAGNOSIS_DIAGNOSIS_H_
#define ILKIMZA_AGENT_DIAGNOSIS_DIAGNOSIS_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/time/time.h"
#include "agent/diagnosis/probes.h"
#include "base/clock.h"
#include "ilkimza/v1/diagnosis_service.pb.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace ilkimza::agent {

// All findings, in the order of the checks. `cards` is called from this thread, the slow
// probes (server, portal) beside it. Blocks for some seconds.
v1::DiagnoseResponse Diagnose(const Probes& probes, CardLook& cards, Clock& clock,
                              std::stop_token stop);

// Thread-safe.
class Diagnosis {
 public:
  static std::unique_ptr<Diagnosis> Create(Probes probes, std::string version,
                                           Clock& clock = SystemClock());
  // Call `Stop` and stop the gRPC server that serves `service()` first.
  virtual ~Diagnosis() = default;

  virtual grpc::Service& service() = 0;
  // The agent's own services; null again before they go.
  virtual void set_self(std::shared_ptr<grpc::Channel> self) = 0;
  // Cuts the look under way short, and refuses others with SHUTTING_DOWN. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_DIAGNOSIS_DIAGNOSIS_H_
