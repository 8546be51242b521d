#include "server/store/sqlite_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/journey/directive.h"

namespace ilkimza::server {
namespace {

// More journeys than this are not under way at once (see EngineOptions::max_journeys);
// a store that is used otherwise starts to remember anew.
constexpr std::size_t kMostSeqs = 1 << 17;

// "agents/{agent}/certificates/{certificate}" -> "agents/{agent}"
std::string AgentOfCertificate(const std::string& name) {
  return name.substr(0, name.find('/', name.find('/') + 1));
}

}  // namespace

AppendRows::AppendRows(AppendRequest request)
    : journey_(std::move(request.journey)), request_(std::move(request.request)) {
  journey_->AppendToString(&bytes_);
  journey_end_ = bytes_.size();
  events_.reserve(request.events.size());
  for (const v1::JourneyEvent& event : request.events) {
    event.AppendToString(&bytes_);
    events_.push_back({.revision = event.revision(), .end = bytes_.size()});
  }
}

std::string_view AppendRows::journey_bytes() const {
  return std::string_view(bytes_).substr(0, journey_end_);
}

std::string_view AppendRows::event_bytes(std::size_t i) const {
  const std::size_t begin = i == 0 ? journey_end_ : events_[i - 1].end;
  return std::string_view(bytes_).substr(begin, events_[i].end - begin);
}

absl::StatusOr<SqliteWriter> SqliteWriter::Make(std::unique_ptr<Database> database) {
  SqliteWriter writer;
  writer.database_ = std::move(database);
  ILKIMZA_RETURN_IF_ERROR(writer.PrepareAll());
  return writer;
}

absl::Status SqliteWriter::PrepareAll() {
  const std::pair<Statement*, std::string_view> statements[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&insert_,
       "INSERT INTO journeys (name, agent, active, revision, journey) VALUES (?1, ?2, ?3, ?4, ?5) "
       "ON CONFLICT DO NOTHING"},
      {&find_, "SELECT seq FROM journeys WHERE name = ?1"},
      // Without `active`: naming it would write the index of those under way each time.
      {&update_,
       "UPDATE journeys SET revision = ?3, journey = ?4 WHERE seq = ?1 AND revision = ?2"},
      {&end_,
       "UPDATE journeys SET active = 0, revision = ?3, journey = ?4 WHERE seq = ?1 AND revision = "
       "?2"},
      {&event_, "INSERT INTO events (seq, revision, event) VALUES (?1, ?2, ?3)"},
      {&request_,
       "INSERT INTO requests (scope, id, journey) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"},
      {&forget_, "DELETE FROM requests WHERE scope = ?1 AND id = ?2 AND journey = ?3"},
      {&agent_, "INSERT OR REPLACE INTO agents (name, agent) VALUES (?1, ?2)"},
      {&token_, "INSERT OR REPLACE INTO join_tokens (digest, token) VALUES (?1, ?2)"},
      {&delete_token_, "DELETE FROM join_tokens WHERE digest = ?1"},
      {&certificate_,
       "INSERT INTO agent_certificates (name, agent, expiry, certificate) VALUES (?1, ?2, ?3, ?4) "
       "ON CONFLICT (name) DO UPDATE SET expiry = ?3, certificate = ?4"},
      {&delete_agent_, "DELETE FROM agents WHERE name = ?1"},
      {&screen_, "INSERT OR REPLACE INTO portal_screens (name, screen) VALUES (?1, ?2)"},
  };
  for (const auto& [statement, sql] : statements) {
    ILKIMZA_ASSIGN_OR_RETURN(*statement, database_->Prepare(sql));
  }
  return absl::OkStatus();
}

void SqliteWriter::Rollback() {
  database_->Execute("ROLLBACK").IgnoreError();
  seqs_.clear();
}

absl::Status SqliteWriter::Write(const AppendRows& rows, bool& broken) {
  const std::string& name = rows.journey().name();
  if (rows.request()) {
    const absl::Status noted = WriteRequest(*rows.request(), name, broken);
    if (!noted.ok()) return noted;
  }
  const auto seq = WriteJourney(rows);
  if (!seq.ok()) {
    broken = true;
    return seq.status();
  }
  if (*seq == 0) {
    if (rows.request()) {
      forget_.BindText(1, rows.request()->scope).BindText(2, rows.request()->id);
      forget_.BindText(3, name).Run().IgnoreError();
    }
    return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_STORE_FAILED,
                     absl::StrCat(name, " has changed in between; read it again."));
  }
  for (std::size_t i = 0; i < rows.events(); ++i) {
    event_.Bind(1, *seq).Bind(2, rows.event_revision(i)).BindBlob(3, rows.event_bytes(i));
    const absl::Status written = event_.Run();
    if (!written.ok()) {
      broken = true;
      return written;
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteWriter::Write(const v1::Agent& agent, bool& broken) {
  agent.SerializeToString(&buffer_);
  const absl::Status written = agent_.BindText(1, agent.name()).BindBlob(2, buffer_).Run();
  broken = !written.ok();
  return written;
}

absl::Status SqliteWriter::Write(const v1::PortalScreen& screen, bool& broken) {
  screen.SerializeToString(&buffer_);
  const absl::Status written = screen_.BindText(1, screen.name()).BindBlob(2, buffer_).Run();
  broken = !written.ok();
  return written;
}

absl::Status SqliteWriter::Write(const EnrolmentChange& change, bool& broken) {
  const absl::Status written = WriteEnrolment(change);
  broken = !written.ok();
  return written;
}

absl::Status SqliteWriter::WriteEnrolment(const EnrolmentChange& change) {
  for (const EnrolmentChange::Token& token : change.tokens) {
    token.token.SerializeToString(&buffer_);
    ILKIMZA_RETURN_IF_ERROR(token_.BindText(1, token.digest).BindBlob(2, buffer_).Run());
  }
  for (const std::string& digest : change.deleted_tokens) {
    ILKIMZA_RETURN_IF_ERROR(delete_token_.BindText(1, digest).Run());
  }
  for (const v1::AgentCertificate& certificate : change.certificates) {
    certificate.SerializeToString(&buffer_);
    const std::string agent = AgentOfCertificate(certificate.name());
    certificate_.BindText(1, certificate.name()).BindText(2, agent);
    certificate_.Bind(3, certificate.expire_time().seconds()).BindBlob(4, buffer_);
    ILKIMZA_RETURN_IF_ERROR(certificate_.Run());
  }
  for (const std::string& agent : change.deleted_agents) {
    ILKIMZA_RETURN_IF_ERROR(delete_agent_.BindText(1, agent).Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteWriter::WriteRequest(const RequestKey& key, const std::string& journey,
                                        bool& broken) {
  const absl::Status noted =
      request_.BindText(1, key.scope).BindText(2, key.id).BindText(3, journey).Run();
  if (!noted.ok()) {
    broken = true;
    return noted;
  }
  if (database_->Changes() != 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAlreadyExists, v1::ERROR_REASON_STORE_FAILED,
                   "A request with this request_id has been taken already.");
}

absl::StatusOr<int64_t> SqliteWriter::WriteJourney(const AppendRows& rows) {
  const int64_t before = rows.event_revision(0) - 1;
  if (before == 0) return InsertJourney(rows);
  const v1::Journey& journey = rows.journey();
  ILKIMZA_ASSIGN_OR_RETURN(const int64_t seq, FindSeq(journey.name()));
  const bool ended = HasEnded(journey);
  Statement& update = ended ? end_ : update_;
  update.Bind(1, seq).Bind(2, before).Bind(3, journey.revision());
  ILKIMZA_RETURN_IF_ERROR(update.BindBlob(4, rows.journey_bytes()).Run());
  if (database_->Changes() == 0) return 0;
  if (ended) seqs_.erase(journey.name());
  return seq;
}

absl::StatusOr<int64_t> SqliteWriter::InsertJourney(const AppendRows& rows) {
  const v1::Journey& journey = rows.journey();
  insert_.BindText(1, journey.name()).BindText(2, journey.agent());
  insert_.Bind(3, HasEnded(journey) ? 0 : 1).Bind(4, journey.revision());
  ILKIMZA_RETURN_IF_ERROR(insert_.BindBlob(5, rows.journey_bytes()).Run());
  return database_->Changes() == 0 ? 0 : database_->LastRow();
}

// 0, which no row has, where there is none.
absl::StatusOr<int64_t> SqliteWriter::FindSeq(const std::string& name) {
  const auto known = seqs_.find(name);
  if (known != seqs_.end()) return known->second;
  const auto row = find_.BindText(1, name).Step();
  const int64_t seq = row.ok() && *row ? find_.Int(0) : 0;
  find_.Reset();
  if (!row.ok()) return row.status();
  if (seqs_.size() >= kMostSeqs) seqs_.clear();
  if (seq != 0) seqs_.emplace(name, seq);
  return seq;
}

}  // namespace ilkimza::server
