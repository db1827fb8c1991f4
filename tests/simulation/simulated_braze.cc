#include "tests/simulation/simulated_braze.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"

namespace peaksync::simulation {
namespace {

// How long Braze may still work on a request of which the answer was lost (docs/design.md
// section 4), a little less.
constexpr absl::Duration kAfterLoss = absl::Milliseconds(9'900);
constexpr absl::Duration kQuietAfterLoss = absl::Seconds(10);

void Put(const SentObject& object, SimulatedBraze::Profile& profile) {
  for (const auto& [name, json] : object.values) {
    if (json == "null") {
      profile.erase(name);
    } else {
      profile[name] = json;
    }
  }
}

}  // namespace

SimulatedBraze::SimulatedBraze(World& world, const Scenario& scenario)
    : world_(world), scenario_(scenario) {
  for (const SimulatedCustomer& customer : scenario.customers) {
    poison_[customer.key] = customer.poison;
    if (!customer.exists) absent_.insert(customer.key);
  }
}

void SimulatedBraze::Heal(bool cure) {
  healed_ = true;
  refuses_all_ = 0;
  for (auto& [customer, poison] : poison_) {
    // What Braze refuses without naming it is cured all the same: nothing beside it would come.
    const bool unnamed =
        poison == Poison::kBare400 || poison == Poison::kUnnamed || poison == Poison::kTooLarge;
    if (cure || unnamed) poison = Poison::kNone;
  }
}

void SimulatedBraze::OpenWorkspace(int number) {
  if (std::exchange(workspace_, number) == number) return;
  world_.Tell("braze: workspace ", number);
  profiles_.clear();
  real_.clear();
}

// docs/design.md section 4: who does not exist is not made, and for aliases it is always said.
bool SimulatedBraze::IsRightForProfiles(const SentObject& object) const {
  if (!scenario_.create_profiles) return object.existing_only == "true";
  return object.existing_only == (object.customer.starts_with("alias:") ? "false" : "");
}

bool SimulatedBraze::Admit(const Request& request) {
  std::set<std::string> customers;
  for (const SentObject& object : request.objects) {
    const std::string& customer = object.customer;
    if (!poison_.contains(customer)) world_.Break("rule 9: an unknown customer ", customer);
    if (!IsRightForProfiles(object)) {
      world_.Break("section 4: ", customer, " has _update_existing_only ", object.existing_only);
    }
    if (!customers.insert(customer).second) {
      world_.Break("rule 4: ", customer, " stands twice in a request");
    }
    if (busy_.contains(customer)) {
      world_.Break("rule 4: ", customer, " is in two requests at a time");
    }
    if (const auto quiet = quiet_until_.find(customer);
        quiet != quiet_until_.end() && world_.Steady() < quiet->second) {
      world_.Break("rule 4: ", customer, " is sent ", quiet->second - world_.Steady(),
                   " too early after a lost answer");
    }
  }
  return !world_.broken();
}

void SimulatedBraze::Receive(const HttpRequest& http, Done done) {
  auto request = std::make_shared<Request>();
  std::string fault;
  auto objects = ReadRequestBody(http.body, &fault);
  if (!objects) return world_.Break("rule 11: a request that Braze must not get: ", fault);
  request->objects = *std::move(objects);
  request->workspace = workspace_;
  request->done = std::move(done);
  if (!Admit(*request)) return;
  std::string shown;
  for (const SentObject& object : request->objects) {
    request->read[object.customer] = profiles_[object.customer];
    busy_.insert(object.customer);
    absl::StrAppend(&shown, " ", object.customer, "(");
    for (const auto& [name, json] : object.values) absl::StrAppend(&shown, name, "=", json, " ");
    shown.back() = ')';
  }
  open_.push_back(request);

  loses_ = false;
  HttpResult result;
  const std::string bearer = "Authorization: Bearer " + key_;
  if (std::ranges::find(http.headers, bearer) == http.headers.end()) {
    result.answered = true;
    result.response.status = 401;
    world_.coverage.Count(Seen::kDenied401);
  } else {
    result = Judge(*request, http.body.size());
  }
  const bool slow = world_.random.Chance(scenario_.slow_percent);
  absl::Duration answer =
      absl::Milliseconds(slow ? world_.random.Between(400, 1'900) : world_.random.Between(5, 300));
  absl::Duration process = answer * world_.random.Real();
  if (loses_) {
    const bool at_once = absl::StrContains(result.failure.reason, "reset");
    if (!at_once) answer = http.timeout;
    process = (answer + kAfterLoss) * world_.random.Real();
    if (!request->applies.empty() && process > answer) {
      world_.coverage.Count(Seen::kTimedOutAppliedLater);
    }
  }
  world_.Tell("braze: request", shown, " -> ",
              result.answered ? absl::StrCat(result.response.status) : result.failure.reason,
              " applies ", request->applies.size(), " of ", request->objects.size());
  const bool lost = loses_;
  world_.After(process, [this, request] { Process(*request); });
  world_.After(answer, [this, request, result, lost] {
    if (request->answered) return;
    if (lost) Lose(*request);
    Answer(request, result);
  });
}

void SimulatedBraze::Process(Request& request) {
  if (std::exchange(request.processed, true) || request.workspace != workspace_) return;
  for (const std::size_t index : request.applies) {
    const SentObject& object = request.objects[index];
    Profile profile = request.read[object.customer];
    Put(object, profile);
    profiles_[object.customer] = std::move(profile);
    if (absent_.contains(object.customer)) {
      world_.coverage.Count(Seen::kNoProfile);
    } else {
      Put(object, real_[object.customer]);
    }
    traces_[object.customer].touched = true;
  }
}

void SimulatedBraze::Answer(const RequestPtr& request, const HttpResult& result) {
  request->answered = true;
  std::erase(open_, request);
  for (const SentObject& object : request->objects) busy_.erase(object.customer);
  if (request->done) request->done(result);
}

// Nobody will ever know from an answer what became of it.
void SimulatedBraze::Lose(Request& request) {
  for (const SentObject& object : request.objects) {
    quiet_until_[object.customer] = world_.Steady() + kQuietAfterLoss;
    traces_[object.customer].touched = true;
  }
}

void SimulatedBraze::LoseAnswers() {
  for (const RequestPtr& request : std::exchange(open_, {})) {
    request->answered = true;
    for (const SentObject& object : request->objects) busy_.erase(object.customer);
    Lose(*request);
    if (request->processed) continue;
    if (world_.random.Chance(50)) {
      request->processed = true;  // It never reached Braze whole.
      continue;
    }
    world_.After(kAfterLoss * world_.random.Real(), [this, request] { Process(*request); });
  }
}

void SimulatedBraze::MarkAll(Request& request, Verdict verdict) {
  for (const SentObject& object : request.objects) {
    Trace& trace = traces_[object.customer];
    trace.verdict = verdict;
    trace.accepted |= verdict == Verdict::kAccepted;
    trace.alone = request.objects.size() == 1;
    trace.refused_all |= refuses_all_ != 0;
  }
}

void SimulatedBraze::ApplySome(Request& request) {
  for (std::size_t i = 0; i < request.objects.size(); ++i) {
    if (world_.random.Chance(50)) request.applies.insert(i);
    traces_[request.objects[i].customer].touched = true;  // Who knows.
  }
}

}  // namespace peaksync::simulation
