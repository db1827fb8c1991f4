#include <utility>
#include <vector>

#include "server/api/reactors.h"
#include "server/base/limits.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

absl::Status Stopping() {
  return absl::UnavailableError("the service is stopping: connect again and resume the run");
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

absl::StatusOr<StreamId> OpenStreams::Add(const Caller& caller, Ender end) {
  const std::string& tenant = caller.tenant->name;
  MutexLock lock(mutex_);
  if (draining_) return Stopping();
  const auto count = per_tenant_.find(tenant);
  if (streams_.size() >= limits::kStreamsMax ||
      (count != per_tenant_.end() && count->second >= limits::kStreamsPerTenantMax)) {
    return absl::ResourceExhaustedError(
        Concat("too many open streams (", limits::kStreamsPerTenantMax, " a tenant, ",
               limits::kStreamsMax, " in all): try again when one has ended"));
  }
  ++per_tenant_[tenant];
  const StreamId stream = next_++;
  streams_[stream] = std::make_shared<Entry>(Entry{tenant, caller.credential, std::move(end)});
  return stream;
}

void OpenStreams::Remove(StreamId stream) {
  std::shared_ptr<Entry> entry;  // Destroyed after the lock.
  MutexLock lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  entry = std::move(found->second);
  const auto count = per_tenant_.find(entry->tenant);
  if (--count->second == 0) per_tenant_.erase(count);
  streams_.erase(found);
}

std::vector<std::shared_ptr<OpenStreams::Entry>> OpenStreams::All() {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Entry>> entries;
  for (const auto& [stream, entry] : streams_) entries.push_back(entry);
  return entries;
}

int OpenStreams::Count(const std::string& tenant) {
  MutexLock lock(mutex_);
  const auto found = per_tenant_.find(tenant);
  return found == per_tenant_.end() ? 0 : found->second;
}

void OpenStreams::EndWhere(const Judge& judge, Haste haste) {
  for (const auto& entry : All()) {
    const absl::Status status = judge(entry->tenant, entry->credential);
    if (!status.ok()) entry->end(status, haste);
  }
}

void OpenStreams::Drain() {
  {
    MutexLock lock(mutex_);
    draining_ = true;
  }
  EndWhere([](const std::string&, const CallCredential&) { return Stopping(); });
}

}  // namespace peaksync
