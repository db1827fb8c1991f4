// Users to start from, and those of a segment.

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"
#include "mockbraze/control/handlers.h"
#include "mockbraze/control/segment.h"
#include "mockbraze/users/import_profile.h"

namespace mockbraze {
namespace {

// Keeps the first few texts in the order of their bytes.
class FirstIds {
 public:
  void Add(std::string_view id) {
    if (ids_.size() == limits::segment_ids_max) {
      if (id >= ids_.front()) return;
      std::ranges::pop_heap(ids_);
      ids_.pop_back();
    }
    ids_.push_back(id);
    std::ranges::push_heap(ids_);
  }
  Value::List Take() {
    std::ranges::sort_heap(ids_);
    return {ids_.begin(), ids_.end()};
  }

 private:
  std::vector<std::string_view> ids_;  // a heap, the last on top
};

}  // namespace

void PostProfiles(ControlCall call, HttpHandler::Done done) {
  if (auto refusal = RefuseOtherMembers(call.body, {"profiles"})) return done(std::move(*refusal));
  const Value* profiles = call.body.Find("profiles");
  if (!profiles || !profiles->list() || profiles->list()->size() > limits::imported_profiles_max) {
    return done(ControlError(400, "'profiles' must be a list of at most " +
                                      std::to_string(limits::imported_profiles_max) +
                                      " profiles in the form of GET /_mock/users"));
  }
  const auto settings = call.workspace->settings();
  std::string wrong;
  call.workspace->users.With([&](ProfileStore& store, Clock::Time now) {
    wrong = ImportProfiles(*profiles->list(), settings->rules, &store, now);
  });
  done(wrong.empty() ? ControlJson(200, Value::Object{{"profiles", profiles->list()->size()}})
                     : ControlError(400, wrong));
}

void PostSegmentsPreview(ControlCall call, HttpHandler::Done done) {
  if (auto refusal = RefuseOtherMembers(call.body, {"filter"})) return done(std::move(*refusal));
  const Value* filter = call.body.Find("filter");
  if (!filter) return done(ControlError(400, "'filter' is missing"));
  Response response;
  call.workspace->users.With([&](ProfileStore& store, Clock::Time) {
    const Result<SegmentFilter> segment = ParseSegment(*filter, store.names());
    if (!segment.ok()) {
      response = ControlError(400, segment.error());
      return;
    }
    std::uint64_t count = 0;
    FirstIds ids;
    store.ForEach([&](const Profile& profile) {
      if (!IsInSegment(profile, segment.value())) return;
      ++count;
      if (!profile.external_id.empty()) ids.Add(profile.external_id);
    });
    response = ControlJson(200, Value::Object{{"count", count}, {"external_ids", ids.Take()}});
  });
  done(std::move(response));
}

}  // namespace mockbraze
