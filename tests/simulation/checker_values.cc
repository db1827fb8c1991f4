// Values: what a batch was counted as, and what Braze's answers were taken for (rules 2, 4, 7).
#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/update_maker.h"

namespace peaksync::simulation {
namespace {

std::string KeyOf(const Customer& customer) {
  switch (customer.kind) {
    case IdentifierKind::kExternalId:
      return "external_id:" + customer.id;
    case IdentifierKind::kBrazeId:
      return "braze_id:" + customer.id;
    case IdentifierKind::kEmail:
      return "email:" + absl::AsciiStrToLower(customer.id);
    case IdentifierKind::kPhone:
      return "phone:" + customer.id;
    case IdentifierKind::kUserAlias:
      return "alias:" + customer.id + "/" + customer.label;
  }
  return "";
}

ValueCounts Delta(const ValueCounts& before, const ValueCounts& after) {
  return {after.received - before.received,     after.unchanged - before.unchanged,
          after.stale - before.stale,           after.invalid - before.invalid,
          after.superseded - before.superseded, after.confirmed - before.confirmed,
          after.rejected - before.rejected,     after.discarded - before.discarded,
          after.pending - before.pending};
}

}  // namespace

// Which values of the update are invalid, by the answer; false: the answer is wrong.
bool Checker::FindInvalid(const TakenBatch& taken, const BatchReceipt& receipt, std::size_t index,
                          std::set<std::size_t>* invalid) {
  const MadeUpdate& update = taken.batch->updates[index];
  std::set<std::string> reported;
  for (const InvalidReport& report : receipt.invalid) {
    if (report.index == index) reported.insert(report.field);
  }
  const bool in_future = update.updated_at.value_or(0) >
                         taken.decode_time + absl::ToInt64Nanoseconds(absl::Minutes(10));
  if (in_future != reported.contains("updated_at")) return false;
  if (in_future) world_.coverage.Count(Seen::kInvalidFuture);
  for (std::size_t i = 0; i < update.values.size(); ++i) {
    const MadeValue& value = update.values[i];
    const auto why = UpdateMaker::WhyInvalid(value, taken.source, *taken.decoded_by);
    const bool is_reported = reported.contains(value.model_name);
    if (in_future) {
      invalid->insert(i);
      continue;
    }
    if (why && !is_reported) return false;
    if (is_reported && !why && !value.may_be_refused) return false;
    if (!is_reported) continue;
    invalid->insert(i);
    world_.coverage.Count(why.value_or(Seen::kInvalidTypeRemembered));
  }
  const bool skips = taken.decided_by->on_invalid == TenantRules::OnInvalid::kSkipUpdate;
  if (!invalid->empty() && invalid->size() < update.values.size()) {
    world_.coverage.Count(skips ? Seen::kSkippedWithInvalid : Seen::kInvalidAttributeAlone);
    if (skips) {
      for (std::size_t i = 0; i < update.values.size(); ++i) invalid->insert(i);
    }
  }
  return true;
}

void Checker::BatchTaken(const TakenBatch& taken, const absl::StatusOr<BatchReceipt>& receipt,
                         const ValueCounts& before, const ValueCounts& after) {
  const ValueCounts delta = Delta(before, after);
  const auto run = group_.book.find(taken.run_id);
  const bool repeated = run != group_.book.end() && taken.sequence <= run->second.last_sequence;
  if (!receipt.ok() || repeated) {
    if (delta != ValueCounts{}) world_.Break("rule 3: a batch that was not taken was counted");
    if (receipt.ok()) world_.coverage.Count(Seen::kBatchRepeated);
    return;
  }
  std::vector<ModelChange> valid;
  std::int64_t received = 0;
  std::int64_t invalid = 0;
  for (std::size_t i = 0; i < taken.batch->updates.size(); ++i) {
    const MadeUpdate& update = taken.batch->updates[i];
    std::set<std::size_t> bad;
    if (!FindInvalid(taken, *receipt, i, &bad)) {
      return world_.Break("section 4: what is invalid of update ", i, ": ",
                          update.message.ShortDebugString());
    }
    received += static_cast<std::int64_t>(update.values.size());
    invalid += static_cast<std::int64_t>(bad.size());
    for (std::size_t j = 0; j < update.values.size(); ++j) {
      const MadeValue& value = update.values[j];
      if (bad.contains(j)) continue;
      valid.push_back({{update.customer, value.attribute},
                       update.updated_at.value_or(taken.default_updated_at),
                       value.json,
                       value.number,
                       taken.run_id});
    }
  }
  if (delta.received != received || delta.invalid != invalid) {
    return world_.Break("rule 3: received ", delta.received, " of ", received, ", invalid ",
                        delta.invalid, " of ", invalid);
  }
  if (delta.confirmed != 0 || delta.rejected != 0 || delta.discarded != 0) {
    return world_.Break("rule 2: a batch was confirmed or refused when it came");
  }
  CheckDecided(taken, valid, delta);
  if (run != group_.book.end()) run->second.last_sequence = taken.sequence;
  group_.updates += static_cast<std::int64_t>(taken.batch->updates.size());
  for (ModelChange& change : valid) group_.changes.push_back(std::move(change));
}

// Nothing is unchanged that Braze does not hold, nothing stale that nothing newer came before.
void Checker::CheckDecided(const TakenBatch& taken, const std::vector<ModelChange>& valid,
                           const ValueCounts& delta) {
  std::int64_t held = 0;
  std::int64_t overtaken = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const ModelChange& value = valid[i];
    if (model_.Same(value.json, value.number, HeldOf(value.key.first, value.key.second))) ++held;
    std::optional<std::int64_t> newest = model_.NewestTime(value.key);
    const auto see = [&](const ModelChange& other) {
      if (other.key == value.key) newest = std::max(newest, std::optional(other.updated_at));
    };
    for (const ModelChange& change : group_.changes) see(change);
    for (std::size_t j = 0; j < i; ++j) see(valid[j]);
    if (newest && *newest > value.updated_at) ++overtaken;
  }
  if (delta.unchanged > held) {
    return world_.Break("rule 2: ", delta.unchanged, " values are unchanged, Braze holds ", held);
  }
  if (delta.stale > overtaken) {
    return world_.Break("rule 5: ", delta.stale, " values are stale, newer ones came of ",
                        overtaken);
  }
  if (taken.batch->updates.size() == 1 && valid.size() == 1) CountAlone(taken, valid[0], delta);
}

void Checker::CountAlone(const TakenBatch& taken, const ModelChange& value,
                         const ValueCounts& delta) {
  Coverage& coverage = world_.coverage;
  if (delta.stale > 0) return coverage.Count(Seen::kStale);
  if (delta.unchanged > 0) {
    if (delta.superseded > 0) {
      waiting_.erase(value.key);
      return coverage.Count(Seen::kCancelOut);
    }
    const bool equal = HeldOf(value.key.first, value.key.second) == value.json;
    coverage.Count(equal ? Seen::kUnchanged : Seen::kInsignificant);
    const auto newest = model_.NewestTime(value.key);
    if (newest && value.updated_at > *newest) coverage.Count(Seen::kUnchangedNewerTime);
    return;
  }
  CountPending(taken, value);
}

void Checker::CountPending(const TakenBatch& taken, const ModelChange& value) {
  Coverage& coverage = world_.coverage;
  const std::string held = HeldOf(value.key.first, value.key.second);
  const auto waiting = waiting_.find(value.key);
  double number = 0;
  if (leased_.contains(value.key.first)) {
    coverage.Count(Seen::kBehindFlight);
  } else if (waiting != waiting_.end() && waiting->second.json == value.json) {
    return coverage.Count(Seen::kJoins);
  } else if (waiting != waiting_.end() && value.number && waiting->second.number &&
             taken.decided_by->attributes.at("score").min_change &&
             std::abs(*value.number - *waiting->second.number) < 0.049) {
    return coverage.Count(Seen::kInsignificantJoins);
  } else if (waiting != waiting_.end()) {
    coverage.Count(waiting->second.maybe_sent && held == value.json ? Seen::kMaybeSentDoesNotCancel
                                                                    : Seen::kOlderGivesWay);
  } else if (unknown_.contains(value.key)) {
    coverage.Count(Seen::kUnknownSent);
  } else if (held == value.json && !model_.IsNew(value.key)) {
    if (taken.mode == RunMode::kFull) coverage.Count(Seen::kFullSent);
    if (taken.mode != RunMode::kFull && taken.decided_by->resend_after) {
      coverage.Count(Seen::kResentAfter);
    }
  } else if (value.json == "null" && model_.IsNew(value.key)) {
    coverage.Count(Seen::kNullSentOnce);
  } else if (value.number && absl::SimpleAtod(held, &number) &&
             std::abs(std::abs(*value.number - number) - 0.05) < 1e-6) {
    coverage.Count(Seen::kExactlyMinChangeSent);
  } else {
    coverage.Count(Seen::kDifferentSent);
  }
  Waiting& now = waiting_[value.key];
  now.json = value.json;
  now.number = value.number;
}

void Checker::Settled(const ValueCounts& before, const ValueCounts& after) {
  const ValueCounts delta = Delta(before, after);
  world_.coverage.Count(Seen::kSuperseded, delta.superseded);
  world_.coverage.Count(Seen::kUnchangedAfterAnswer, delta.unchanged);
  world_.coverage.Count(Seen::kDiscarded, delta.discarded);
  if (delta.received != 0 || delta.invalid != 0 || delta.stale != 0) {
    world_.Break("rule 3: an answer of Braze was counted as a batch");
  }
}

// A run that fails to be canceled in the end is canceled all the same here: it makes the model
// tolerate more, never less.
void Checker::Canceled(const std::string& run_id, const ValueCounts& before,
                       const ValueCounts& after) {
  model_.Cancel(run_id);
  world_.coverage.Count(Seen::kDiscarded, Delta(before, after).discarded);
}

void Checker::Retried(const std::vector<Rejection>& rejections, const std::vector<Run>& runs) {
  for (const Rejection& rejection : rejections) {
    if (rejection.json.empty()) continue;
    ModelChange change;
    const auto run = std::ranges::find(runs, rejection.source, &Run::source);
    if (run != runs.end()) change.run_id = run->run_id;
    change.key = {KeyOf(rejection.customer), rejection.attribute};
    change.updated_at = rejection.updated_at;
    change.json = AsSent(rejection.attribute, rejection.json);
    double number = 0;
    if (absl::SimpleAtod(change.json, &number)) change.number = number;
    model_.Retry(change);
  }
  if (!rejections.empty()) world_.coverage.Count(Seen::kRetried);
}

void Checker::MadeUnknown(std::string_view customer, std::string_view attribute) {
  for (const ValueKey& key : model_.Keys()) {
    if (!customer.empty() && key.first != customer) continue;
    if (!attribute.empty() && key.second != attribute) continue;
    unknown_.insert(key);
  }
}

void Checker::Leased(const std::vector<LeasedBatch>& batches) {
  for (const LeasedBatch& batch : batches) {
    for (const LeasedObject& object : batch) {
      Lease& lease = leases_[object.lease];
      lease.customer = KeyOf(object.customer);
      if (!leased_.insert(lease.customer).second) {
        return world_.Break("rule 4: ", lease.customer, " was handed out twice");
      }
      braze_.Forget(lease.customer);
      for (const auto& [name, json] : object.attributes) {
        lease.values[std::string(name)] = json;
        waiting_.erase({lease.customer, std::string(name)});
      }
    }
  }
}

void Checker::CheckConfirmed(const Lease& lease) {
  if (!braze_.TraceOf(lease.customer).accepted) {
    return world_.Break("rule 2: ", lease.customer, " is confirmed and was not accepted");
  }
  for (const auto& [name, json] : lease.values) {
    unknown_.erase({lease.customer, name});
    if (HeldOf(lease.customer, name) != json) {
      world_.Break("rule 2: ", lease.customer, " ", name, " = ", json, " is confirmed, Braze has ",
                   HeldOf(lease.customer, name));
    }
  }
}

void Checker::CheckRejected(const Lease& lease, const ObjectOutcome& outcome) {
  const SimulatedBraze::Trace& trace = braze_.TraceOf(lease.customer);
  const auto customer =
      std::ranges::find(scenario_.customers, lease.customer, &SimulatedCustomer::key);
  if (customer->poison == Poison::kNone && !trace.refused_all) {
    return world_.Break("rule 7: ", lease.customer, " is rejected: ", outcome.reason);
  }
  if (trace.touched && !outcome.may_have_been_applied) {
    return world_.Break("rule 2: ", lease.customer, " is rejected and may be in Braze");
  }
  world_.coverage.Count(outcome.reason == "refused" ? Seen::kRejectedNamed
                                                    : Seen::kRejectedUnnamed);
  for (const auto& [name, json] : lease.values) {
    model_.Reject({lease.customer, name}, json);
    if (outcome.may_have_been_applied) unknown_.insert({lease.customer, name});
  }
}

void Checker::Settling(const std::vector<ObjectOutcome>& outcomes) {
  Coverage& coverage = world_.coverage;
  for (const ObjectOutcome& outcome : outcomes) {
    const auto found = leases_.find(outcome.lease);
    if (found == leases_.end()) return world_.Break("section 5: a lease was settled twice");
    const Lease lease = found->second;
    leases_.erase(found);
    leased_.erase(lease.customer);
    if (braze_.IsBusy(lease.customer)) {
      return world_.Break("rule 4: ", lease.customer, " is settled while its request goes on");
    }
    switch (outcome.kind) {
      case ObjectOutcome::Kind::kConfirmed:
        coverage.Count(Seen::kConfirmed);
        CheckConfirmed(lease);
        break;
      case ObjectOutcome::Kind::kRejected:
        CheckRejected(lease, outcome);
        break;
      case ObjectOutcome::Kind::kReturned:
      case ObjectOutcome::Kind::kUnsent: {
        const bool maybe = outcome.kind == ObjectOutcome::Kind::kReturned;
        coverage.Count(maybe ? Seen::kReturned : Seen::kUnsent);
        if (!maybe && braze_.TraceOf(lease.customer).touched) {
          return world_.Break("section 4: ", lease.customer, " counts as never sent");
        }
        for (const auto& [name, json] : lease.values) {
          Waiting& waiting = waiting_[{lease.customer, name}];
          if (waiting.json.empty()) waiting.json = json;
          waiting.maybe_sent |= maybe;
        }
        break;
      }
    }
  }
}

void Checker::ProcessDied() {
  for (const auto& [id, lease] : leases_) {
    for (const auto& [name, json] : lease.values) {
      Waiting& waiting = waiting_[{lease.customer, name}];
      if (waiting.json.empty()) waiting.json = json;
    }
  }
  for (auto& [key, waiting] : waiting_) waiting.maybe_sent = true;
  leases_.clear();
  leased_.clear();
}

}  // namespace peaksync::simulation
