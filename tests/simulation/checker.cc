// Groups of commands: what a process finds again, and the sums (rules 1, 3 and section 6).
#include "tests/simulation/checker.h"

#include <algorithm>

namespace peaksync::simulation {
namespace {

// What min_change may leave unsent, when any of the history's rules has one.
double ToleranceOf(const Scenario& scenario) {
  const bool any = std::ranges::any_of(scenario.rules, [](const auto& rules) {
    return rules->attributes.at("score").min_change.has_value();
  });
  return any ? 0.0499999 : 1e-9;
}

std::string Text(const ValueCounts& counts) {
  return absl::StrCat("received ", counts.received, " unchanged ", counts.unchanged, " stale ",
                      counts.stale, " invalid ", counts.invalid, " superseded ", counts.superseded,
                      " confirmed ", counts.confirmed, " rejected ", counts.rejected, " discarded ",
                      counts.discarded, " pending ", counts.pending);
}

}  // namespace

Checker::Checker(World& world, const Scenario& scenario, SimulatedBraze& braze, VirtualDisk& disk,
                 std::string ledger_path)
    : world_(world),
      scenario_(scenario),
      braze_(braze),
      disk_(disk),
      ledger_path_(std::move(ledger_path)),
      model_(ToleranceOf(scenario)) {}

Checker::RunFacts Checker::FactsOf(const Run& run) {
  return {run.source,        run.kind,   run.mode,    run.state,
          run.last_sequence, run.values, run.updates, run.complete_time.has_value()};
}

std::string Checker::Shown(const Book& book, const Book& other) {
  std::string shown;
  for (const auto& [run_id, facts] : book) {
    const auto found = other.find(run_id);
    if (found != other.end() && found->second == facts) continue;
    absl::StrAppend(&shown, "\n    ", run_id, ": batch ", facts.last_sequence, ", ",
                    Text(facts.values));
  }
  return shown;
}

void Checker::Adopt(Group& group) {
  for (const ModelChange& change : group.changes) model_.Add(change);
  updates_taken_ += group.updates;
}

void Checker::Opened(TenantLedger& ledger) {
  const absl::StatusOr<RunPage> page = ledger.ListRuns("", 1'000, std::nullopt);
  if (!page.ok()) return world_.Break("the ledger cannot be read: ", page.status().ToString());
  Book found;
  for (const Run& run : page->runs) found[run.run_id] = FactsOf(run);
  bool survived = false;
  if (found != book_) {
    for (Group& group : untold_) {
      if (found != group.book) continue;
      Adopt(group);
      survived = true;
      break;
    }
    if (!survived) {
      std::string untold;
      for (const Group& group : untold_)
        absl::StrAppend(&untold, "\n  or", Shown(group.book, found));
      return world_.Break("rule 1: a process found", Shown(found, book_), "\n  where there was",
                          Shown(book_, found), untold);
    }
  }
  if (!untold_.empty()) {
    world_.coverage.Count(survived ? Seen::kUntoldCommitSurvived : Seen::kUntoldCommitLost);
  }
  untold_.clear();
  book_ = std::move(found);
  CheckSums(ledger);
  CheckCursors(ledger, /*exact=*/false);
  CheckOnDisk();
}

void Checker::GroupBegun() { group_ = {book_, {}, 0}; }

void Checker::RunKnown(const Run& run) {
  const bool is_new = !group_.book.contains(run.run_id);
  if (is_new && run.kind == RunKind::kStream && run.mode != RunMode::kFull &&
      MustBeFull(run.source)) {
    world_.Break("section 1: after a restore ", run.run_id, " of ", run.source, " is not FULL");
  }
  group_.book[run.run_id] = FactsOf(run);
}

void Checker::BeforeCommit(TenantLedger& ledger) {
  for (auto& [run_id, facts] : group_.book) {
    if (facts.complete) continue;
    const absl::StatusOr<RunView> view = ledger.GetRun(run_id);
    if (view.ok()) facts = FactsOf(view->run);
  }
}

void Checker::GroupEnded(TenantLedger& ledger, const absl::Status& committed) {
  if (!committed.ok()) {
    untold_.push_back(std::move(group_));
    return;
  }
  for (const std::string& run_id : ledger.changed_runs()) {
    // Of a run that has ended, without reading the file: the disk may fail.
    const auto ended = std::ranges::find(ledger.ended_runs(), run_id, &Run::run_id);
    const bool has_ended = ended != ledger.ended_runs().end();
    const absl::StatusOr<RunView> view = has_ended ? RunView{*ended, {}} : ledger.GetRun(run_id);
    if (!view.ok()) return world_.Break("a run cannot be read: ", view.status().ToString());
    const auto before = book_.find(run_id);
    const RunFacts facts = FactsOf(view->run);
    if (before != book_.end() && before->second.complete && facts != before->second) {
      world_.Break("rule 3: the counts of ", run_id, " were final and changed");
    }
    group_.book[run_id] = facts;
  }
  for (const Run& run : ledger.ended_runs()) CheckEnded(run);
  Adopt(group_);
  // A group that wrote nothing leaves in the log what a failed one has left there.
  if (group_.book != book_) untold_.clear();
  book_ = std::move(group_.book);
  CheckSums(ledger);
  if (!ledger.ended_runs().empty()) CheckCursors(ledger, /*exact=*/true);
  if (scenario_.counts_every_commit) CheckOnDisk();
}

void Checker::CheckSums(TenantLedger& ledger) {
  ValueCounts sum;
  for (const auto& [run_id, facts] : book_) {
    const ValueCounts& values = facts.values;
    if (values.received != values.Sum()) {
      world_.Break("rule 3: the sum of ", run_id, ": ", Text(values));
    }
    for (const std::int64_t count :
         {values.received, values.unchanged, values.stale, values.invalid, values.superseded,
          values.confirmed, values.rejected, values.discarded, values.pending}) {
      if (count < 0) world_.Break("rule 3: less than none in ", run_id, ": ", Text(values));
    }
    const UpdateCounts& updates = facts.updates;
    if (updates.received != updates.invalid + updates.changed + updates.unchanged) {
      world_.Break("rule 3: the updates of ", run_id);
    }
    if (facts.complete && values.pending != 0) {
      world_.Break("rule 3: ", run_id, " is complete and waits");
    }
    sum.received += values.received;
    sum.unchanged += values.unchanged;
    sum.stale += values.stale;
    sum.invalid += values.invalid;
    sum.superseded += values.superseded;
    sum.confirmed += values.confirmed;
    sum.rejected += values.rejected;
    sum.discarded += values.discarded;
    sum.pending += values.pending;
  }
  if (sum != ledger.totals()) {
    world_.Break("rule 3: the runs have ", Text(sum), ", the tenant ", Text(ledger.totals()));
  }
}

void Checker::CheckEnded(const Run& run) {
  Coverage& coverage = world_.coverage;
  const bool refused = run.values.invalid + run.values.rejected > 0;
  switch (run.state) {
    case RunState::kOpen:
    case RunState::kReceived:
      return world_.Break("section 6: ", run.run_id, " ended as ", NameOf(run.state));
    case RunState::kCompleted:
      coverage.Count(Seen::kCompleted);
      if (refused) world_.Break("section 6: ", run.run_id, " is COMPLETED with refused values");
      break;
    case RunState::kCompletedWithRejections:
      coverage.Count(Seen::kCompletedWithRejections);
      if (!refused) world_.Break("section 6: ", run.run_id, " has no rejections");
      break;
    case RunState::kFailed:
      coverage.Count(Seen::kFailed);
      return;
    case RunState::kCanceled:
      coverage.Count(Seen::kCanceled);
      return;
    case RunState::kAbandoned: {
      const bool by_time = run.state_reason.find("24 hours") != std::string::npos;
      coverage.Count(by_time ? Seen::kAbandonedByTime : Seen::kAbandonedByNext);
      return;
    }
  }
  std::optional<std::int64_t>& cursor = cursors_[run.source];
  if (!run.cursor) return;
  if (run.from_cursor && (!cursor || *run.from_cursor > *cursor)) {
    return coverage.Count(Seen::kCursorNotJoined);
  }
  if (cursor && *run.cursor <= *cursor) return;
  coverage.Count(Seen::kCursorMoved);
  cursor = run.cursor;
}

// After a crash nobody knows in which order runs ended, only that a cursor never goes back.
void Checker::CheckCursors(TenantLedger& ledger, bool exact) {
  const absl::StatusOr<SourcePage> page = ledger.ListSources(100, "");
  if (!page.ok()) return;  // The disk fails.
  for (const Source& source : page->sources) {
    std::optional<std::int64_t>& cursor = cursors_[source.name];
    if (exact ? source.cursor != cursor : source.cursor < cursor) {
      world_.Break("section 6: the cursor of ", source.name, " is ", source.cursor.value_or(0),
                   ", not ", cursor.value_or(0));
    }
    cursor = source.cursor;
  }
}

void Checker::CheckQuiet(TenantLedger& ledger) {
  const ValueCounts& totals = ledger.totals();
  if (totals.pending != 0) return world_.Break("rule 6: still pending: ", Text(totals));
  for (const auto& [run_id, facts] : book_) {
    if (!facts.complete) world_.Break("rule 6: ", run_id, " never ended");
  }
  if (ledger.delivery().waiting_customers != 0 || ledger.delivery().waiting_bytes != 0) {
    world_.Break("rule 12: memory of what waits is left: ", ledger.delivery().waiting_bytes);
  }
  for (const ValueKey& key : model_.Keys()) {
    const std::string held = HeldOf(key.first, key.second);
    const std::string wrong = model_.WhyWrong(key, held);
    if (!wrong.empty()) {
      world_.Break("rule 5: Braze has ", held, " of ", key.first, " ", key.second, ": ", wrong);
    }
  }
  CheckOnDisk();
}

std::string Checker::HeldOf(const std::string& customer, const std::string& attribute) {
  const SimulatedBraze::Profile& profile = braze_.ProfileOf(customer);
  const auto found = profile.find(attribute);
  return found == profile.end() ? "null" : found->second;
}

}  // namespace peaksync::simulation
