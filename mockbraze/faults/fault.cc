#include "mockbraze/faults/fault.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

using Parsed = Result<FaultSpec>;

struct KindName {
  std::string_view name;
  FaultKind kind;
};
constexpr std::array<KindName, 15> kind_names = {{
    {"status", FaultKind::kStatus},
    {"object-error", FaultKind::kObjectError},
    {"unnamed-error", FaultKind::kUnnamedError},
    {"reject-all", FaultKind::kRejectAll},
    {"reset", FaultKind::kReset},
    {"reset-after", FaultKind::kResetAfter},
    {"truncate", FaultKind::kTruncate},
    {"not-json", FaultKind::kNotJson},
    {"html", FaultKind::kHtml},
    {"empty", FaultKind::kEmpty},
    {"slow", FaultKind::kSlow},
    {"hang", FaultKind::kHang},
    {"hang-after", FaultKind::kHangAfter},
    {"maintenance", FaultKind::kMaintenance},
    {"tls-failure", FaultKind::kTlsFailure},
}};

// Section 4.2: entries may lack the index, the type, or be bare texts.
constexpr std::array<std::string_view, 3> unnamed_forms = {"no-index", "no-type", "text"};

Parsed Wrong(std::string_view spec, const std::string& why) {
  return Parsed::Fail("fault '" + std::string(spec) + "': " + why);
}

std::string KindList() {
  std::string list;
  for (const KindName& kind : kind_names) {
    if (!list.empty()) list += ", ";
    list += kind.name;
  }
  return list;
}

struct NameAndValue {
  std::string_view name;
  std::string_view value;
  bool has_value;
};

NameAndValue SplitAssignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, equals), text.substr(equals + 1), true};
}

// Sets what follows the kind; returns what is wrong with it.
std::string SetKindValue(const NameAndValue& head, FaultSpec* spec) {
  switch (spec->kind) {
    case FaultKind::kStatus: {
      const auto status = ParseUnsigned(head.value, 599);
      if (!status || *status < 200) return "write status=NNN with a status from 200 to 599";
      spec->status = static_cast<int>(*status);
      return {};
    }
    case FaultKind::kSlow: {
      const auto duration = ParseDuration(head.value);
      if (!duration.ok()) return "write slow=DURATION: " + duration.error();
      spec->duration = duration.value();
      return {};
    }
    case FaultKind::kObjectError:
      if (head.has_value && head.value.empty()) return "write object-error or object-error=CODE";
      // docs/braze-contract.md section 4.2: a code that can hit any object.
      spec->code = head.has_value ? head.value : "BLACKLISTED_EXTERNAL_USER_ID";
      return {};
    case FaultKind::kUnnamedError:
      spec->code = head.has_value ? head.value : unnamed_forms[0];
      if (std::ranges::find(unnamed_forms, spec->code) != unnamed_forms.end()) return {};
      return "write unnamed-error, or unnamed-error=no-index, no-type or text";
    default:
      return head.has_value ? std::string(head.name) + " takes no value" : std::string();
  }
}

std::string SetKey(const NameAndValue& key, FaultSpec* spec) {
  const std::string value(key.value);
  if (key.name == "rate") {
    char* end = nullptr;
    spec->rate = std::strtod(value.c_str(), &end);
    const bool number = !value.empty() && *end == '\0';
    return number && spec->rate >= 0 && spec->rate <= 1 ? "" : "rate must be from 0 to 1";
  }
  if (key.name == "count" || key.name == "request") {
    const auto number = ParseUnsigned(key.value, UINT64_MAX);
    if (!number || *number == 0) return std::string(key.name) + " must be a number from 1 on";
    (key.name == "count" ? spec->count : spec->request) = *number;
    return {};
  }
  if (key.name == "external_id") {
    if (value.empty()) return "external_id must not be empty";
    spec->external_id = value;
    return {};
  }
  if (key.name == "path") {
    if (!value.starts_with('/')) return "path must begin with /";
    spec->path = value;
    return {};
  }
  return "unknown key '" + std::string(key.name) +
         "'; there are rate, count, request, external_id and path, without blanks";
}

bool IsConnectionFault(const FaultSpec& spec) { return spec.kind == FaultKind::kTlsFailure; }
bool NeedsObjects(const FaultSpec& spec) {
  return spec.kind == FaultKind::kRejectAll || spec.kind == FaultKind::kUnnamedError;
}
bool IsObjectFault(const FaultSpec& spec) { return spec.kind == FaultKind::kObjectError; }

bool IsOf(const TrackObject& object, const std::string& external_id) {
  const Identifier* id = object.identifier();
  return id && id->kind == IdKind::kExternalId && id->value == external_id;
}

}  // namespace

Parsed ParseFault(std::string_view text) {
  const auto parts = Split(text, ',');
  const NameAndValue head = SplitAssignment(parts[0]);
  const auto kind = std::ranges::find(kind_names, head.name, &KindName::name);
  if (kind == kind_names.end()) {
    return Wrong(text, "unknown kind '" + std::string(head.name) + "'; there are " + KindList());
  }
  FaultSpec spec;
  spec.kind = kind->kind;
  spec.text = text;
  if (const std::string why = SetKindValue(head, &spec); !why.empty()) return Wrong(text, why);
  std::vector<std::string_view> keys;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const NameAndValue key = SplitAssignment(parts[i]);
    if (std::ranges::find(keys, key.name) != keys.end()) {
      return Wrong(text, std::string(key.name) + " is given twice");
    }
    keys.push_back(key.name);
    if (const std::string why = SetKey(key, &spec); !why.empty()) return Wrong(text, why);
  }
  if (IsConnectionFault(spec) && (spec.external_id || spec.path)) {
    return Wrong(text, "tls-failure hits connections; it has no " +
                           std::string(spec.path ? "path" : "external_id"));
  }
  return Parsed::Ok(std::move(spec));
}

void FaultPlan::Set(std::vector<FaultSpec> faults) {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  for (FaultSpec& fault : faults) entries_.push_back({std::move(fault)});
  requests_ = 0;
  connections_ = 0;
}

std::vector<FaultCount> FaultPlan::Counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultCount> counts;
  for (const Entry& entry : entries_) counts.push_back({entry.spec.text, entry.hits});
  return counts;
}

std::uint64_t FaultPlan::NextRequest() {
  const std::lock_guard lock(mutex_);
  return ++requests_;
}

bool FaultPlan::Hits(Entry& entry, std::size_t place, std::uint64_t number, const std::string& path,
                     std::uint64_t salt) const {
  const FaultSpec& spec = entry.spec;
  if (spec.path && *spec.path != path) return false;
  if (spec.request && *spec.request != number) return false;
  if (spec.count && entry.hits >= *spec.count) return false;
  if (spec.rate < 1) {
    const std::uint64_t draw = Mix(Mix(Mix(seed_ + place) + number) + salt);
    if (static_cast<double>(draw >> 11) * 0x1p-53 >= spec.rate) return false;
  }
  ++entry.hits;
  return true;
}

bool FaultPlan::FailsNextConnection() {
  const std::lock_guard lock(mutex_);
  ++connections_;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (IsConnectionFault(entry.spec) && Hits(entry, i, connections_, {}, 0)) return true;
  }
  return false;
}

std::optional<FaultSpec> FaultPlan::ForRequest(
    std::uint64_t number, const std::string& path, bool takes_objects,
    const std::function<bool(const std::string&)>& names) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (IsObjectFault(entry.spec) || IsConnectionFault(entry.spec)) continue;
    if (!takes_objects && NeedsObjects(entry.spec)) continue;
    if (entry.spec.external_id && !names(*entry.spec.external_id)) continue;
    if (Hits(entry, i, number, path, 0)) return entry.spec;
  }
  return std::nullopt;
}

std::optional<FaultSpec> FaultPlan::ForObject(std::uint64_t number, const std::string& path,
                                              const TrackObject& object) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t salt = 1 + object.index * 3 + static_cast<std::uint64_t>(object.array);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (!IsObjectFault(entry.spec)) continue;
    if (entry.spec.external_id && !IsOf(object, *entry.spec.external_id)) continue;
    if (Hits(entry, i, number, path, salt)) return entry.spec;
  }
  return std::nullopt;
}

}  // namespace mockbraze
