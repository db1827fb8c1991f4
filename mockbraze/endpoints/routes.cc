#include <algorithm>
#include <array>

#include "mockbraze/base/limits.h"
#include "mockbraze/endpoints/answer.h"
#include "mockbraze/endpoints/exchange.h"
#include "mockbraze/endpoints/profile_endpoints.h"
#include "mockbraze/endpoints/track_endpoints.h"

namespace mockbraze {
namespace {

// Endpoints whose requests are recorded and change nothing.
Response AnswerSuccess(Exchange&) { return Message(201, "success"); }

constexpr std::array routes = {
    Route{"/users/track", "users.track", RateBucket::kTrack, limits::track_body_bytes_max, true,
          AnswerTrack},
    Route{"/users/track/bulk", "users.track.bulk", RateBucket::kBulk, limits::bulk_body_bytes_max,
          true, AnswerTrackBulk},
    Route{"/users/track/sync", "users.track.sync", RateBucket::kSync, limits::track_body_bytes_max,
          true, AnswerTrackSync},
    Route{"/users/export/ids", "users.export.ids", RateBucket::kExport,
          limits::track_body_bytes_max, false, AnswerExport, ExportBucket},
    Route{"/users/delete", "users.delete", RateBucket::kUsers, limits::track_body_bytes_max, false,
          AnswerDelete},
    Route{"/users/alias/new", "users.alias.new", RateBucket::kUsers, limits::track_body_bytes_max,
          false, AnswerAliasNew},
    Route{"/users/identify", "users.identify", RateBucket::kUsers, limits::track_body_bytes_max,
          false, AnswerIdentify},
    Route{"/users/merge", "users.merge", RateBucket::kUsers, limits::track_body_bytes_max, false,
          AnswerMerge},
    Route{"/messages/send", "messages.send", RateBucket::kGeneral, limits::track_body_bytes_max,
          false, AnswerSuccess},
    Route{"/campaigns/trigger/send", "campaigns.trigger.send", RateBucket::kGeneral,
          limits::track_body_bytes_max, false, AnswerSuccess},
    Route{"/canvas/trigger/send", "canvas.trigger.send", RateBucket::kGeneral,
          limits::track_body_bytes_max, false, AnswerSuccess},
    Route{"/subscription/status/set", "subscription.status.set", RateBucket::kSubscription,
          limits::track_body_bytes_max, false, AnswerSuccess},
};

}  // namespace

const Route* FindRoute(std::string_view path) {
  const auto found = std::ranges::find(routes, path, &Route::path);
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace mockbraze
