#include "server/domain/run.h"

namespace peaksync {

std::string_view NameOf(RunState state) {
  switch (state) {
    case RunState::kOpen:
      return "OPEN";
    case RunState::kReceived:
      return "RECEIVED";
    case RunState::kCompleted:
      return "COMPLETED";
    case RunState::kCompletedWithRejections:
      return "COMPLETED_WITH_REJECTIONS";
    case RunState::kFailed:
      return "FAILED";
    case RunState::kCanceled:
      return "CANCELED";
    case RunState::kAbandoned:
      return "ABANDONED";
  }
  return "unknown";
}

}  // namespace peaksync
