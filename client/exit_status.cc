#include "client/exit_status.h"

namespace peaksync::client {

ExitStatus ExitStatusOf(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitStatus::kNotPermitted;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kUnimplemented:
      return ExitStatus::kUsage;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss:
      return ExitStatus::kNeedsPerson;
    default:
      return ExitStatus::kNotFinished;
  }
}

ExitStatus ExitStatusOf(const v1::SyncRun& run, std::int64_t client_invalid,
                        bool allow_rejections) {
  switch (run.state()) {
    case v1::SYNC_RUN_STATE_FAILED:
    case v1::SYNC_RUN_STATE_CANCELED:
      return ExitStatus::kNeedsPerson;
    case v1::SYNC_RUN_STATE_ABANDONED:
    case v1::SYNC_RUN_STATE_OPEN:
      return ExitStatus::kNotFinished;
    default:
      break;
  }
  const bool refused = client_invalid > 0 || run.values().invalid() > 0 ||
                       run.values().rejected() > 0 || run.updates().invalid() > 0 ||
                       run.state() == v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS;
  return refused && !allow_rejections ? ExitStatus::kRejections : ExitStatus::kDone;
}

bool IsFinal(v1::SyncRunState state) {
  return state != v1::SYNC_RUN_STATE_UNSPECIFIED && state != v1::SYNC_RUN_STATE_OPEN &&
         state != v1::SYNC_RUN_STATE_RECEIVED;
}

}  // namespace peaksync::client
