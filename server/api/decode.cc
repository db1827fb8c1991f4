#include "server/api/decode.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "server/api/decode_value.h"
#include "server/base/limits.h"
#include "server/domain/concat.h"
#include "server/domain/utf8.h"
#include "server/rules/validator.h"

namespace peaksync {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
// 1678-01-01, and the last whole second that 64 bits of nanoseconds hold, in 2262.
constexpr std::int64_t kUpdatedAtSecondsMin = -9'214'560'000;
constexpr std::int64_t kUpdatedAtSecondsMax = 9'223'372'035;

constexpr std::string_view kFieldCustomer = "customer";
constexpr std::string_view kFieldUpdatedAt = "updated_at";
constexpr std::string_view kFieldAttributes = "attributes";

using Defs = absl::InlinedVector<const AttributeDef*, 16>;

// Why `text` can't be the identifier that `field` names.
std::optional<std::string> CheckIdentifier(std::string_view field, std::string_view text,
                                           std::size_t bytes_max) {
  if (text.empty()) return Concat(field, " is empty: leave the customer out, or name it");
  if (text.size() > bytes_max) return Concat(field, " is longer than ", bytes_max, " bytes");
  if (!CountCharacters(text)) return Concat(field, " is not valid UTF-8: convert it");
  return std::nullopt;
}

std::optional<std::string> DecodeUpdatedAt(const google::protobuf::Timestamp& given, UnixNanos now,
                                           UnixNanos* updated_at) {
  if (given.nanos() < 0 || given.nanos() >= kNanosPerSecond) {
    return "updated_at is not a valid timestamp: its nanos must be 0 to 999,999,999";
  }
  if (given.seconds() < kUpdatedAtSecondsMin || given.seconds() > kUpdatedAtSecondsMax) {
    return "updated_at is outside of the years 1678 to 2262: is it in seconds?";
  }
  *updated_at = given.seconds() * kNanosPerSecond + given.nanos();
  if (*updated_at > now + absl::ToInt64Nanoseconds(limits::kUpdatedAtAheadMax)) {
    return "updated_at is more than 10 minutes ahead of the service's clock: check the clock and "
           "the time zone it was taken from";
  }
  return std::nullopt;
}

// The name as it was given, so far as it can be shown and kept.
std::string GivenName(const std::string& name) {
  const std::optional<std::size_t> characters = CountCharacters(name);
  if (characters && *characters <= limits::kNameCharactersMax) return name;
  std::size_t end = std::min(name.size(), limits::kNameCharactersMax);
  if (!characters) return absl::CHexEscape(name.substr(0, end));
  while ((static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // Not inside a character.
  return Concat(name.substr(0, end), "…");
}

void Refuse(const v1::Attribute& attribute, std::string reason, PreparedUpdate* prepared) {
  prepared->invalid.push_back(
      InvalidValue{GivenName(attribute.name()), GivenJson(attribute.value()), std::move(reason)});
}

// A fault of the whole update: no value is valid.
void RefuseAll(const v1::CustomerUpdate& update, std::string_view field, std::string json,
               const std::string& reason, PreparedUpdate* prepared) {
  prepared->values.clear();
  prepared->invalid.clear();
  const int kept = std::min(update.attributes_size(), limits::kUpdateAttributesMax);
  prepared->invalid.reserve(static_cast<std::size_t>(kept) + 1);
  prepared->invalid.push_back(
      InvalidValue{std::string(field), std::move(json), reason, /*whole_update=*/true});
  for (int i = 0; i < kept; ++i) Refuse(update.attributes(i), reason, prepared);
}

bool NamesTwice(const Defs& defs) {
  constexpr std::size_t kFew = 16;
  if (defs.size() <= kFew) {
    for (std::size_t i = 1; i < defs.size(); ++i) {
      if (defs[i] == nullptr) continue;
      for (std::size_t j = 0; j < i; ++j) {
        if (defs[i] == defs[j]) return true;
      }
    }
    return false;
  }
  Defs sorted = defs;
  std::ranges::sort(sorted);
  const auto first = std::ranges::find_if(sorted, [](const auto* def) { return def != nullptr; });
  return std::adjacent_find(first, sorted.end()) != sorted.end();
}

// Braze looks a customer that has no other identifier up by these (docs/braze-contract.md 2.1): as
// attributes they would turn the object into another customer's.
bool WouldRename(IdentifierKind kind, std::string_view braze_name) {
  return (kind == IdentifierKind::kEmail || kind == IdentifierKind::kPhone) &&
         (braze_name == "email" || braze_name == "phone");
}

// Fills values and invalid; returns how many bytes the valid values have as JSON.
std::size_t DecodeAttributes(const v1::CustomerUpdate& update, const DecodeContext& context,
                             PreparedUpdate* prepared) {
  Defs defs;
  for (const v1::Attribute& attribute : update.attributes()) {
    const auto def = context.catalog.Find(attribute.name());
    defs.push_back(def.ok() ? *def : nullptr);
  }
  const bool names_twice = NamesTwice(defs);
  prepared->values.reserve(defs.size());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < defs.size(); ++i) {
    const v1::Attribute& attribute = update.attributes(static_cast<int>(i));
    const AttributeDef* def = defs[i];
    if (def == nullptr) {
      const absl::Status status = context.catalog.Find(attribute.name()).status();
      Refuse(attribute, std::string(status.message()), prepared);
      continue;
    }
    if (names_twice && std::ranges::count(defs, def) > 1) {
      Refuse(attribute, "the attribute is named twice in the update: name it once", prepared);
      continue;
    }
    if (WouldRename(prepared->customer->kind, def->name)) {
      Refuse(attribute,
             "the customer is named by email or phone, so Braze would take this attribute for "
             "another identifier: leave it out, or name the customer by external_id",
             prepared);
      continue;
    }
    AttributeValue& value = prepared->values.emplace_back();
    value.name = def->name;
    std::optional<std::string> reason = DecodeValue(attribute.value(), &value.value);
    if (!reason) reason = Apply(*def, context.source, &value.value);
    if (reason) {
      prepared->values.pop_back();
      Refuse(attribute, *std::move(reason), prepared);
      continue;
    }
    constexpr std::size_t kPunctuation = 4;  // "name":value,
    bytes += value.name.size() + value.value.json().size() + kPunctuation;
  }
  return bytes;
}

}  // namespace

std::optional<std::string> DecodeCustomer(const v1::Customer& given, Customer* customer) {
  const auto take = [customer](IdentifierKind kind, std::string_view field,
                               const std::string& id) -> std::optional<std::string> {
    if (auto reason = CheckIdentifier(field, id, limits::kIdentifierBytesMax)) return reason;
    customer->kind = kind;
    customer->id = id;
    return std::nullopt;
  };
  switch (given.identifier_case()) {
    case v1::Customer::kExternalId:
      return take(IdentifierKind::kExternalId, "external_id", given.external_id());
    case v1::Customer::kBrazeId:
      return take(IdentifierKind::kBrazeId, "braze_id", given.braze_id());
    case v1::Customer::kEmail:
      return take(IdentifierKind::kEmail, "email", given.email());
    case v1::Customer::kPhone:
      return take(IdentifierKind::kPhone, "phone", given.phone());
    case v1::Customer::kUserAlias: {
      const v1::UserAlias& alias = given.user_alias();
      auto reason = CheckIdentifier("alias_name", alias.alias_name(), limits::kAliasBytesMax);
      if (!reason) {
        reason = CheckIdentifier("alias_label", alias.alias_label(), limits::kAliasBytesMax);
      }
      if (reason) return reason;
      customer->kind = IdentifierKind::kUserAlias;
      customer->id = alias.alias_name();
      customer->label = alias.alias_label();
      return std::nullopt;
    }
    case v1::Customer::IDENTIFIER_NOT_SET:
      break;
  }
  return "the update names no customer: set one of external_id, braze_id, user_alias, email, phone";
}

PreparedUpdate DecodeUpdate(const v1::CustomerUpdate& update, std::uint32_t index,
                            const DecodeContext& context) {
  PreparedUpdate prepared;
  prepared.index = index;
  prepared.received_values = static_cast<std::uint32_t>(update.attributes_size());
  Customer& customer = prepared.customer.emplace();
  if (auto reason = DecodeCustomer(update.customer(), &customer)) {
    prepared.customer.reset();
    prepared.invalid.push_back(InvalidValue{std::string(kFieldCustomer), std::string(),
                                            *std::move(reason), /*whole_update=*/true});
    return prepared;
  }
  prepared.customer_key = customer.Key();
  prepared.updated_at = context.default_updated_at;
  if (update.has_updated_at()) {
    if (auto reason = DecodeUpdatedAt(update.updated_at(), context.now, &prepared.updated_at)) {
      v1::Value given;
      *given.mutable_timestamp_value() = update.updated_at();
      RefuseAll(update, kFieldUpdatedAt, GivenJson(given), *reason, &prepared);
      return prepared;
    }
  }
  if (update.attributes_size() > limits::kUpdateAttributesMax) {
    const std::string reason =
        Concat("the update has ", update.attributes_size(), " attributes; at most ",
               limits::kUpdateAttributesMax, " are allowed: split it");
    RefuseAll(update, kFieldAttributes, std::string(), reason, &prepared);
    return prepared;
  }
  if (DecodeAttributes(update, context, &prepared) > limits::kObjectBytesMax) {
    RefuseAll(update, kFieldAttributes, std::string(),
              "the update is larger than 1,000,000 bytes as JSON: split it", &prepared);
  }
  return prepared;
}

std::optional<std::string> CheckBatch(const v1::UpdateBatch& batch) {
  if (batch.updates_size() == 0) return "the batch holds no updates: send at least one";
  if (batch.updates_size() > limits::kBatchUpdatesMax) {
    return Concat("the batch holds ", batch.updates_size(), " updates; at most ",
                  limits::kBatchUpdatesMax, " are allowed: send smaller batches");
  }
  const std::size_t bytes = batch.ByteSizeLong();
  if (bytes > limits::kBatchBytesMax) {
    return Concat("the batch has ", bytes, " bytes; at most ", limits::kBatchBytesMax,
                  " are allowed: send smaller batches");
  }
  return std::nullopt;
}

}  // namespace peaksync
