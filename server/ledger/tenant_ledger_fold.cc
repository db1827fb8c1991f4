// The file is read back into memory, and what was written to the journal goes to the tables.
#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/ledger/tenant_ledger.h"

namespace peaksync {
class TenantLedger::Replay : public JournalVisitor {
 public:
  explicit Replay(TenantLedger& ledger) : ledger_(ledger) {}
  void Settled(OutboxId id) override { ledger_.outbox_.ReplaySettled(id); }
  void Settled(OutboxId id, std::uint32_t attribute_id) override {
    ledger_.outbox_.ReplaySettled(id, attribute_id);
  }
  void State(CustomerHash hash, std::string_view bucket) override {
    ledger_.states_.Replay(hash, bucket);
  }
  void Touched(CustomerHash hash, const Touch& touch) override {
    ledger_.states_.Replay(hash, touch);
  }
  void SentUpTo(OutboxId id) override { ledger_.sent_up_to_ = id; }

 private:
  TenantLedger& ledger_;
};

absl::Status TenantLedger::LoadJournal() {
  sent_up_to_ = JournalWriter::kAnythingSent;  // Unless a row says less.
  unfolded_journal_bytes_ = 0;
  journal_written_ = options_.clock->Steady();
  Replay replay(*this);
  PEAKSYNC_RETURN_IF_ERROR(store_.ReadJournal([&](std::int64_t, std::string_view payload) {
    unfolded_journal_bytes_ += static_cast<std::int64_t>(payload.size());
    return ReadJournal(payload, replay);
  }));
  unfolded_before_ = states_.unfolded_customers();
  if (sent_up_to_ == JournalWriter::kAnythingSent) waiting_.DelayAll(lost_until_);
  waiting_.AllowClaimsUpTo(sent_up_to_);
  return absl::OkStatus();
}

// Whatever waited when the service started may have been sent, up to where that was allowed.
absl::Status TenantLedger::LoadOutbox() {
  const absl::Time now = options_.clock->Steady();
  PEAKSYNC_RETURN_IF_ERROR(outbox_.Load([&](OutboxId id, RunNumber number,
                                            OutboxRow& row) -> absl::Status {
    ActiveRun* active = runs_.Find(number);
    if (active == nullptr) {
      return absl::DataLossError(Concat("outbox row ", id, " belongs to no unsettled run"));
    }
    const std::string key = row.customer.Key();
    WaitingCustomer& customer = waiting_.At(HashOf(key), key, row.customer);
    if (customer.waiting.empty()) customer.since = now;
    for (OutboxRow::Attribute& attribute : row.attributes) {
      Slot* slot = customer.FindWaiting(attribute.attribute_id);
      const Attribute* known = attribute.attribute_id < attributes_by_id_.size()
                                   ? attributes_by_id_[attribute.attribute_id]
                                   : nullptr;
      if (known == nullptr) return absl::DataLossError("an outbox row names an unknown attribute");
      if (slot == nullptr) {
        slot = &customer.waiting.emplace_back();
        slot->attribute_id = attribute.attribute_id;
        slot->value = std::move(attribute.value);
        slot->updated_at = row.updated_at;
      } else if (!attribute.joined && !SameValue(slot->value, attribute.value, known->round)) {
        for (Claim& claim : slot->claims) claim.overtaken = true;
        slot->value = std::move(attribute.value);
        slot->attempts = 0;
      }
      slot->updated_at = std::max(slot->updated_at, row.updated_at);
      slot->forced_since = std::max(slot->forced_since, row.forced_since);
      slot->attempts = std::max(slot->attempts, row.attempts);
      slot->source_id = row.source_id;
      slot->may_have_been_sent |= id <= sent_up_to_;
      slot->claims.push_back({id});
    }
    customer.last_claim = id;
    if (id <= sent_up_to_) customer.not_before = std::max(customer.not_before, lost_until_);
    runs_.Count(*active, &ValueCounts::pending, static_cast<std::int64_t>(row.attributes.size()));
    waiting_.Place(customer, now);
    return absl::OkStatus();
  }));
  sent_at_least_ = sent_up_to_ == JournalWriter::kAnythingSent ? outbox_.last_id() : sent_up_to_;
  return absl::OkStatus();
}

bool TenantLedger::IsFoldDue() const {
  if (fold_.under_way() || options_.clock->Steady() < fold_not_before_) return false;
  return fold_wanted_ || Unfolded() >= 1;
}

double TenantLedger::Unfolded() const {
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  return std::max({share(states_.unfolded_states(), options_.fold_customers),
                   share(states_.unfolded_bytes(), limits::kUnfoldedBytesMax),
                   share(unfolded_journal_bytes_, options_.fold_journal_bytes)});
}

absl::Status TenantLedger::StartFold() {
  if (!IsFoldDue()) return absl::OkStatus();
  unfolded_before_ = 0;
  unfolded_journal_bytes_ = 0;
  return fold_.Start();
}

absl::Status TenantLedger::FoldSlice() {
  folded_ = fold_.under_way();
  const std::int64_t unfolded = states_.unfolded_customers();
  const std::int64_t came = unfolded - std::exchange(unfolded_before_, unfolded);
  return fold_.Slice(options_.fold_slice + came);  // Keeps pace with what comes.
}

// Few customers would each cost a page of their own; more of them may come and share it.
bool TenantLedger::IsFoldWorthIt() {
  if (states_.unfolded_customers() == 0) return false;
  if (options_.clock->Steady() - journal_written_ >= limits::kUnfoldedRestMax) return true;
  const absl::StatusOr<std::int64_t> pages = store_.Pages();
  return pages.ok() && states_.unfolded_customers() >=
                           limits::kFoldedPerPageMin * (*pages - options_.fold_pages_min);
}

bool TenantLedger::FoldIdle() {
  if (!EnsureLoaded().ok() || options_.clock->Steady() < fold_not_before_) return false;
  if (!fold_.under_way() && !IsFoldWorthIt()) {
    const absl::StatusOr<bool> shrunk = store_.Shrink();
    if (!shrunk.ok()) fold_not_before_ = options_.clock->Steady() + limits::kFoldRetryWait;
    return shrunk.ok() && *shrunk;
  }
  fold_wanted_ = true;
  const bool folded = Begin().ok() && Commit().ok();
  fold_wanted_ = false;
  Checkpoint(/*idle=*/false);  // Or the log would become as large as the table.
  return folded && fold_.under_way();
}

// Each request is not written to disk, but how far they may have come is, well ahead of them: so a
// start after a crash knows of what nothing was sent.
void TenantLedger::AllowToSend(OutboxId up_to) {
  sent_up_to_ = up_to;
  waiting_.AllowClaimsUpTo(up_to);
}

void TenantLedger::WriteSentUpTo() {
  OutboxId up_to = JournalWriter::kAnythingSent;
  if (!waiting_.HasUnseenDelays(options_.clock->Steady())) {
    up_to = std::max(waiting_.claim_wanted(), sent_at_least_);
    const bool is_far_enough = sent_up_to_ - up_to >= options_.sent_ahead / 2;
    up_to = is_far_enough && sent_up_to_ != JournalWriter::kAnythingSent
                ? sent_up_to_
                : up_to + options_.sent_ahead;
  }
  next_sent_up_to_ = up_to;
  // Also again: a fold deletes what was written before.
  if (up_to != sent_up_to_ || !journal_.empty() || folded_) journal_.SentUpTo(up_to);
}

absl::Status TenantLedger::WriteOutboxAndStates() {
  PEAKSYNC_RETURN_IF_ERROR(outbox_.Write(journal_));
  WriteSentUpTo();
  if (journal_.empty()) return absl::OkStatus();
  unfolded_journal_bytes_ += static_cast<std::int64_t>(journal_.payload().size());
  journal_written_ = options_.clock->Steady();
  return store_.AppendJournal(journal_.payload());
}

}  // namespace peaksync
