#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// What Braze accepts and does not keep, docs/braze-contract.md section 4.2: "many faults have no
// error at all". Thread safety: plain values.
namespace mockbraze {

// Why a value, an event or a purchase was dropped in silence. docs/mockbraze.md explains each.
enum class DropReason : std::uint8_t {
  kStringTooLong,
  kArrayOverflow,
  kArrayTooLarge,
  kArrayItem,
  kNestedInvalid,
  kNestedDate,
  kNestedTooLarge,
  kOperatorInvalid,
  kTypeForced,
  kTypeLocked,
  kBlocklisted,
  kBadFieldValue,
  kIgnoredField,
  kProfileFull,
  kUnknownUser,
  kKnownPushToken,
  kProductIdsFull,
  kGroupNotShared,
};

// By DropReason, as GET /_mock/stats writes them.
inline constexpr std::array<std::string_view, 18> drop_reason_names = {
    "string-too-long",  "array-overflow",   "array-too-large",  "array-item",   "nested-invalid",
    "nested-date",      "nested-too-large", "operator-invalid", "type-forced",  "type-locked",
    "blocklisted",      "bad-field-value",  "ignored-field",    "profile-full", "unknown-user",
    "known-push-token", "product-ids-full", "group-not-shared"};
static_assert(drop_reason_names.size() ==
              static_cast<std::size_t>(DropReason::kGroupNotShared) + 1);

using DropCounters = std::array<std::uint64_t, drop_reason_names.size()>;

// What became of one value that was sent.
class Effect {
 public:
  // The profile changed, or may have.
  static Effect Stored() { return {}; }
  // The profile had this value with this type already.
  static Effect Unchanged() {
    Effect effect;
    effect.unchanged_ = true;
    return effect;
  }
  // Braze answers success and keeps the old value.
  Effect(DropReason reason) : dropped_(reason) {}  // NOLINT(google-explicit-constructor)

  // The rest was kept, this part was not.
  Effect With(DropReason reason) const {
    Effect effect = *this;
    effect.dropped_ = reason;
    return effect;
  }

  bool unchanged() const { return unchanged_; }
  std::optional<DropReason> dropped() const { return dropped_; }

 private:
  Effect() = default;

  bool unchanged_ = false;
  std::optional<DropReason> dropped_;
};

}  // namespace mockbraze
