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

absl::StatusOr<StreamId> OpenStreams::Add(const std::string& tenant, Ender end) {
  MutexLock lock(mutex_);
  if (draining_) return Stopping();
  if (streams_.size() >= limits::kStreamsMax ||
      per_tenant_[tenant] >= limits::kStreamsPerTenantMax) {
    return absl::ResourceExhaustedError(
        Concat("too many open streams (", limits::kStreamsPerTenantMax, " a tenant, ",
               limits::kStreamsMax, " in all): try again when one has ended"));
  }
  ++per_tenant_[tenant];
  const StreamId stream = next_++;
  streams_[stream] = std::make_shared<Entry>(Entry{tenant, std::move(end)});
  return stream;
}

void OpenStreams::Remove(StreamId stream) {
  std::shared_ptr<Entry> entry;  // Destroyed after the lock.
  MutexLock lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  entry = std::move(found->second);
  --per_tenant_[entry->tenant];
  streams_.erase(found);
}

void OpenStreams::Drain() {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (const auto& [stream, entry] : streams_) entries.push_back(entry);
  }
  for (const auto& entry : entries) entry->end(Stopping());
}

}  // namespace peaksync
