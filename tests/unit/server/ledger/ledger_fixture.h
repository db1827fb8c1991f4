#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/limits.h"
#include "server/ledger/tenant_ledger.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync::testing {

// A value as a test writes it.
struct Given {
  // NOLINTBEGIN(google-explicit-constructor)
  Given(int number) : value(Value::Integer(number)) {}
  Given(double number) : value(Value::Double(number)) {}
  Given(const char* text) : value(Value::Text(text)) {}
  Given(bool flag) : value(Value::Bool(flag)) {}
  Given(std::nullptr_t) {}
  Given(Value any) : value(std::move(any)) {}
  // NOLINTEND(google-explicit-constructor)
  Value value;
};

// Marks an attribute that validation has refused.
struct Invalid {
  std::string name;
  std::string reason = "out of range";
};

struct Update {
  std::string id;
  struct Attribute {
    std::string name;
    Given value;
  };
  std::vector<Attribute> attributes;
  std::vector<Invalid> invalid = {};
};

// The n-th hour of the tests' day.
constexpr UnixNanos At(int hour) {
  return (std::int64_t{1'789'000'000} + 3'600 * std::int64_t{hour}) * 1'000'000'000;
}

// Turns a test's updates into prepared ones. Names live as long as this.
class UpdateMaker {
 public:
  std::vector<PreparedUpdate> Make(const std::vector<Update>& updates, UnixNanos updated_at) {
    std::vector<PreparedUpdate> prepared;
    for (const Update& update : updates) {
      PreparedUpdate& made = prepared.emplace_back();
      made.index = static_cast<std::uint32_t>(prepared.size()) - 1;
      made.customer = Customer{IdentifierKind::kExternalId, update.id, ""};
      made.customer_key = made.customer->Key();
      made.updated_at = updated_at;
      for (const auto& [name, given] : update.attributes) {
        made.values.push_back({*names_.insert(name).first, given.value});
      }
      for (const auto& [name, reason] : update.invalid) {
        made.invalid.push_back({name, "\"bad\"", reason, false});
      }
      made.received_values = static_cast<std::uint32_t>(made.values.size() + made.invalid.size());
    }
    return prepared;
  }

 private:
  std::set<std::string> names_;
};

// A real ledger in a folder of its own, with a clock that the test turns, and a Braze that
// remembers what was confirmed.
class TenantLedgerTest : public ::testing::Test {
 protected:
  using Run = peaksync::Run;  // Not ::testing::Test's.
  using Kind = ObjectOutcome::Kind;
  using Objects = std::vector<LeasedObject>;

  void SetUp() override { Open(); }
  void TearDown() override {
    if (ledger_ != nullptr) CheckLaws();
  }

  TenantLedgerOptions Options() {
    return {.tenant = "acme",
            .path = dir_.File("acme.db"),
            .endpoint = "https://rest.example",
            .workspace = "production",
            .rules = std::make_shared<const TenantRules>(rules_),
            .clock = &clock_,
            .random = [this] { return random_(); },
            .fold_customers = fold_customers_,
            .fold_journal_bytes = fold_journal_bytes_,
            .fold_pages_min = fold_pages_min_,
            .fold_slice = fold_slice_,
            .table_copy_bytes_max = table_copy_bytes_max_,
            .log_pages = log_pages_,
            .sent_ahead = sent_ahead_,
            .abort_on_broken_law = true};
  }
  void Open() {
    auto ledger = TenantLedger::Open(Options());
    ASSERT_THAT(ledger, IsOk());
    ledger_ = *std::move(ledger);
    runs_.clear();
  }
  void FoldAll() {
    while (ledger_->FoldIdle()) CheckLaws();
  }
  // As if the service had been killed: nothing but the file is left.
  void Crash() {
    ledger_.reset();
    in_flight_.clear();
    Open();
  }
  // The same, and the requests that may have been lost with it are over.
  void Reopen() {
    Crash();
    clock_.Advance(limits::kLostOutcomeWait);
  }
  // As SIGTERM does.
  void Restart() {
    ledger_->Close();
    Crash();
  }

  // Runs a command in a group of its own.
  template <typename F>
  auto InGroup(F command) {
    EXPECT_THAT(ledger_->Begin(), IsOk());
    auto result = command();
    EXPECT_THAT(ledger_->Commit(), IsOk());
    return result;
  }

  absl::StatusOr<Run> TryStart(StartRequest request) {
    if (request.stream == 0) request.stream = ++stream_;
    const StreamId stream = request.stream;
    auto run = InGroup([&] { return ledger_->StartRun(request); });
    if (run.ok()) runs_[run->run_id] = {stream, run->last_sequence};
    return run;
  }
  std::string Start(const std::string& source = "model", RunMode mode = RunMode::kIncremental) {
    StartRequest request;
    request.source = source;
    request.mode = mode;
    auto run = TryStart(request);
    EXPECT_THAT(run, IsOk());
    return run.ok() ? run->run_id : "";
  }
  absl::StatusOr<Run> TryResume(const std::string& run, const std::string& source = "model") {
    StartRequest request;
    request.source = source;
    request.run_id = run;
    return TryStart(request);
  }
  absl::StatusOr<BatchReceipt> TryPush(const std::string& run, std::vector<PreparedUpdate> updates,
                                       std::optional<std::int64_t> sequence = std::nullopt) {
    BatchRequest request;
    request.run_id = run;
    request.stream = runs_[run].stream;
    request.sequence = sequence.value_or(runs_[run].last_sequence + 1);
    request.updates = std::move(updates);
    auto receipt = InGroup([&] { return ledger_->AcceptBatch(request); });
    if (receipt.ok()) runs_[run].last_sequence = receipt->sequence;
    return receipt;
  }
  BatchReceipt PushTo(const std::string& run, const std::vector<Update>& updates, UnixNanos at) {
    auto receipt = TryPush(run, maker_.Make(updates, at));
    EXPECT_THAT(receipt, IsOk());
    return receipt.value_or(BatchReceipt{});
  }
  absl::StatusOr<Run> TryFinish(const std::string& run,
                                std::optional<UnixNanos> cursor = std::nullopt) {
    FinishRequest request;
    request.run_id = run;
    request.stream = runs_[run].stream;
    request.cursor = cursor;
    return InGroup([&] { return ledger_->FinishRun(request); });
  }
  // A run with one batch, from start to finish. Delivery is the test's own.
  std::string Push(const std::vector<Update>& updates, UnixNanos at,
                   RunMode mode = RunMode::kIncremental) {
    const std::string run = Start("model", mode);
    PushTo(run, updates, at);
    EXPECT_THAT(TryFinish(run), IsOk());
    return run;
  }
  void EndStream(const std::string& run) { ledger_->EndStream(run, runs_[run].stream); }

  Objects LeaseAll() {
    Objects objects;
    for (LeasedBatch& batch : ledger_->Lease({.batches_max = 1'000, .partial = true})) {
      for (LeasedObject& object : batch) {
        EXPECT_TRUE(in_flight_.insert(object.customer.Key()).second) << "leased twice";
        objects.push_back(std::move(object));
      }
    }
    return objects;
  }
  void Settle(const Objects& objects, Kind kind, absl::Time not_before = absl::InfinitePast()) {
    std::vector<ObjectOutcome> outcomes;
    for (const LeasedObject& object : objects) {
      in_flight_.erase(object.customer.Key());
      ObjectOutcome& outcome = outcomes.emplace_back();
      outcome.lease = object.lease;
      outcome.kind = kind;
      outcome.not_before = not_before;
      if (kind == Kind::kRejected) outcome.reason = "refused";
      if (kind != Kind::kConfirmed) continue;
      for (const auto& [name, json] : object.attributes) {
        braze_[object.customer.id][std::string(name)] = json;
      }
    }
    EXPECT_THAT(ledger_->Begin(), IsOk());
    ledger_->Settle(outcomes);
    EXPECT_THAT(ledger_->Commit(), IsOk());
  }
  // Sends all that waits, and what becomes ready by it; how many objects.
  std::size_t Confirm() {
    std::size_t sent = 0;
    for (Objects objects = LeaseAll(); !objects.empty(); objects = LeaseAll()) {
      sent += objects.size();
      Settle(objects, Kind::kConfirmed);
    }
    return sent;
  }
  // "id.name=json" of each attribute, in the order of the lease.
  static std::vector<std::string> Shown(const Objects& objects) {
    std::vector<std::string> shown;
    for (const LeasedObject& object : objects) {
      for (const auto& [name, json] : object.attributes) {
        shown.push_back(object.customer.id + "." + std::string(name) + "=" + json);
      }
    }
    return shown;
  }

  Run RunOf(const std::string& run) {
    auto view = ledger_->GetRun(run);
    EXPECT_THAT(view, IsOk());
    return view.ok() ? view->run : Run{};
  }
  ValueCounts Values(const std::string& run) { return RunOf(run).values; }
  std::optional<UnixNanos> CursorOf(const std::string& source) {
    auto page = ledger_->ListSources(1'000, "");
    EXPECT_THAT(page, IsOk());
    for (const Source& found : page->sources) {
      if (found.name == source) return found.cursor;
    }
    return std::nullopt;
  }

  // Rule 3, of every run and of the tenant.
  void CheckLaws() {
    auto page = ledger_->ListRuns("", 1'000, std::nullopt);
    ASSERT_THAT(page, IsOk());
    ValueCounts sum;
    for (const Run& run : page->runs) {
      const ValueCounts& values = run.values;
      ASSERT_EQ(values.received, values.Sum()) << run.run_id;
      ASSERT_EQ(run.updates.received,
                run.updates.invalid + run.updates.changed + run.updates.unchanged);
      for (const std::int64_t count :
           {values.unchanged, values.stale, values.invalid, values.superseded, values.confirmed,
            values.rejected, values.discarded, values.pending}) {
        ASSERT_GE(count, 0) << run.run_id;
      }
      sum.received += values.received;
      sum.pending += values.pending;
      sum.confirmed += values.confirmed;
    }
    ASSERT_EQ(ledger_->totals().received, ledger_->totals().Sum());
    ASSERT_EQ(ledger_->totals().received, sum.received);
    ASSERT_EQ(ledger_->totals().pending, sum.pending);
    ASSERT_EQ(ledger_->totals().confirmed, sum.confirmed);
  }

  struct Stream {
    StreamId stream = 0;
    std::int64_t last_sequence = 0;
  };

  TempDir dir_;
  std::int64_t fold_customers_ = limits::kUnfoldedCustomersMax;
  std::int64_t fold_journal_bytes_ = limits::kUnfoldedJournalBytesMax;
  std::int64_t fold_pages_min_ = limits::kFoldPagesMin;
  std::int64_t table_copy_bytes_max_ = limits::kTableCopyBytesMax;
  int log_pages_ = limits::kLogPagesSoft;
  std::int64_t fold_slice_ = limits::kFoldSliceCustomers;
  std::int64_t sent_ahead_ = limits::kSentAheadRows;
  FakeClock clock_;
  TenantRules rules_;
  std::mt19937_64 random_{42};
  UpdateMaker maker_;
  std::unique_ptr<TenantLedger> ledger_;
  StreamId stream_ = 0;
  std::map<std::string, Stream> runs_;  // By run_id.
  std::set<std::string> in_flight_;
  std::map<std::string, std::map<std::string, std::string>> braze_;
};

// A value of ValueCounts or UpdateCounts, all others being 0 but `received`.
MATCHER_P(CountsAre, expected, "") {
  *result_listener << "received " << arg.received << ", unchanged " << arg.unchanged << ", stale "
                   << arg.stale << ", invalid " << arg.invalid << ", superseded " << arg.superseded
                   << ", confirmed " << arg.confirmed << ", rejected " << arg.rejected
                   << ", discarded " << arg.discarded << ", pending " << arg.pending;
  ValueCounts counts = expected;
  counts.received = counts.Sum();
  return arg == counts;
}

}  // namespace peaksync::testing
