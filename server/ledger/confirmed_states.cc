#include "server/ledger/confirmed_states.h"

#include <utility>

#include "server/base/check.h"
#include "server/base/status_macros.h"

namespace peaksync {

int ApplyTouch(CustomerState& state, const Touch& touch) {
  int touched = 0;
  for (KnownAttribute& known : state.attributes) {
    if (known.updated_at >= touch.updated_at) continue;
    known.updated_at = touch.updated_at;
    known.source_id = touch.source_id;
    ++touched;
  }
  return touched;
}

absl::StatusOr<ConfirmedStates::Found> ConfirmedStates::Find(CustomerHash hash) {
  Found result;
  for (const StateOverlay* overlay : {newest_.get(), frozen_.get()}) {
    if (overlay == nullptr) continue;
    const std::optional<StateOverlay::Found> found = overlay->Find(hash);
    if (!found) continue;
    if (!result.touch) result.touch = found->touch;  // A newer one says all that an older one does.
    if (!found->bucket) continue;
    result.bucket = *found->bucket;
    return result;
  }
  PEAKSYNC_ASSIGN_OR_RETURN(result.bucket, table_.Read(hash));
  return result;
}

bool ConfirmedStates::IsInTable(CustomerHash hash) const {
  const auto has_bucket = [hash](const StateOverlay& overlay) {
    const auto found = overlay.Find(hash);
    return found && found->bucket;
  };
  return !has_bucket(*newest_) && (frozen_ == nullptr || !has_bucket(*frozen_));
}

absl::StatusOr<bool> ConfirmedStates::Read(CustomerHash hash, std::string_view key,
                                           CustomerState* state) {
  state->attributes.clear();
  PEAKSYNC_ASSIGN_OR_RETURN(const Found found, Find(hash));
  if (found.bucket.empty()) return true;
  if (!IsBucket(found.bucket)) return absl::DataLossError("a customer's row cannot be read");
  if (const std::optional<std::string_view> packed = FindInBucket(found.bucket, key)) {
    PEAKSYNC_RETURN_IF_ERROR(CustomerState::Unpack(*packed, state));
    if (found.touch) ApplyTouch(*state, *found.touch);
  }
  return IsAlone(found.bucket, key);
}

absl::Status ConfirmedStates::Write(CustomerHash hash, std::string_view key,
                                    const CustomerState& state, bool alone,
                                    JournalWriter& journal) {
  std::string_view others;
  if (!alone) {
    PEAKSYNC_ASSIGN_OR_RETURN(const Found found, Find(hash));
    PEAKSYNC_ASSIGN_OR_RETURN(others, Touched(found));
  }
  state.Pack(&packed_);
  PutInBucket(others, key, packed_, &bucket_);
  newest_->Put(hash, bucket_);
  journal.State(hash, bucket_);
  return absl::OkStatus();
}

void ConfirmedStates::Write(CustomerHash hash, const Touch& touch, JournalWriter& journal) {
  newest_->Apply(hash, touch);
  journal.Touched(hash, touch);
}

void ConfirmedStates::Clear() {
  newest_ = std::make_unique<StateOverlay>();
  frozen_.reset();
  table_.Clear();
}

void ConfirmedStates::Freeze() {
  PEAKSYNC_CHECK(frozen_ == nullptr);
  frozen_ = std::exchange(newest_, std::make_unique<StateOverlay>());
  table_.Expect(frozen_->bytes());
}

absl::Status ConfirmedStates::Fold(CustomerHash hash) {
  const std::optional<StateOverlay::Found> frozen = frozen_->Find(hash);
  Found found{.bucket = {}, .touch = frozen->touch};
  if (frozen->bucket) {
    found.bucket = *frozen->bucket;
  } else {
    PEAKSYNC_ASSIGN_OR_RETURN(found.bucket, table_.Read(hash));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(const std::string_view bucket, Touched(found));
  return bucket.empty() ? absl::OkStatus() : table_.Write(hash, bucket);
}

// The bucket as the touch leaves it. Who is touched is alone, so that it means one customer.
absl::StatusOr<std::string_view> ConfirmedStates::Touched(const Found& found) {
  if (!found.touch || found.bucket.empty()) return found.bucket;
  PackedReader reader(found.bucket);
  const std::string_view key = reader.Bytes();
  CustomerState state;
  PEAKSYNC_RETURN_IF_ERROR(CustomerState::Unpack(reader.Bytes(), &state));
  if (!reader.AtEnd()) return absl::DataLossError("a touched customer is not alone");
  ApplyTouch(state, *found.touch);
  state.Pack(&packed_);
  PutInBucket({}, key, packed_, &touched_);
  return touched_;
}

}  // namespace peaksync
