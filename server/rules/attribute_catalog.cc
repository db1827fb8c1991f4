#include "server/rules/attribute_catalog.h"

#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "server/base/check.h"
#include "server/base/limits.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"
#include "server/rules/reserved_names.h"

namespace peaksync {
namespace {

// Twice the names and more, so that a look-up ends after a step or two.
constexpr std::size_t kSlots = 4096;
static_assert(kSlots > 2 * limits::kAttributeNamesMax);
static_assert((kSlots & (kSlots - 1)) == 0);

const std::string& BrazeNameOf(const std::string& model_name, const AttributeRule& rule) {
  return rule.rename.empty() ? model_name : rule.rename;
}

// A TOML key as it must be written: bare where it can be.
std::string TomlKey(std::string_view name) {
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') {
      return Concat("\"", name, "\"");
    }
  }
  return std::string(name);
}

// What is wrong with a listed attribute's names.
std::optional<std::string> ProblemOfListedNames(const std::string& model_name,
                                                const AttributeRule& rule) {
  if (std::optional<std::string> problem = ProblemOfName(model_name)) return problem;
  if (rule.rename.empty()) return std::nullopt;
  std::optional<std::string> problem = ProblemOfName(rule.rename);
  if (problem) return Concat("rename: ", *problem);
  return std::nullopt;
}

std::string NamedAlready(std::string_view braze_name, std::string_view other_model_name) {
  return Concat("Braze's ", braze_name, " is already what ", other_model_name,
                " is written to: one attribute, one name");
}

// What is wrong with the numbers of a rule, into `problems`.
void CheckNumbers(const std::string& name, const AttributeRule& rule,
                  std::vector<std::string>* problems) {
  const bool may_be_double = !rule.type || *rule.type == RuleType::kDouble;
  const bool may_be_number = may_be_double || *rule.type == RuleType::kInteger;
  const auto add = [&](std::string_view text) {
    problems->push_back(Concat("attribute ", name, ": ", text));
  };
  if (rule.range) {
    const auto [least, most] = *rule.range;
    if (!may_be_number) add("range is for numbers: set type = \"integer\" or \"double\"");
    if (std::isnan(least) || std::isnan(most)) {
      add("range must be two numbers");
    } else if (least > most) {
      add("range: the first number is larger than the second");
    }
  }
  if (rule.round) {
    if (!may_be_double) add("round is for doubles: set type = \"double\", or leave round out");
    if (*rule.round < 0 || *rule.round > 15) add("round must be 0 to 15 digits");
  }
  if (rule.min_change) {
    if (!may_be_number) add("min_change is for numbers: set type = \"integer\" or \"double\"");
    if (!std::isfinite(*rule.min_change) || *rule.min_change <= 0) {
      add("min_change must be larger than 0");
    }
  }
}

}  // namespace

AttributeCatalog::AttributeCatalog(std::string tenant, TenantRules rules)
    : tenant_(std::move(tenant)), rules_(std::move(rules)), slots_(kSlots) {
  MutexLock lock(mutex_);
  for (const auto& listed : rules_.attributes) {
    if (entries_.size() >= limits::kAttributeNamesMax) break;  // CheckRules() complains.
    const auto& [model_name, rule] = listed;
    const std::string& braze_name = BrazeNameOf(model_name, rule);
    Entry entry{model_name, AttributeDef{braze_name, &rule}, absl::OkStatus()};
    const auto [first, inserted] = by_braze_name_.emplace(braze_name, &listed);
    if (auto problem = ProblemOfListedNames(model_name, rule)) {
      entry.usable = absl::InvalidArgumentError(*problem);
    } else if (!inserted) {
      entry.usable = absl::InvalidArgumentError(NamedAlready(braze_name, first->second->first));
    }
    Insert(std::move(entry), absl::HashOf(std::string_view(model_name)));
  }
}

absl::StatusOr<const AttributeDef*> AttributeCatalog::Find(std::string_view model_name) {
  const std::size_t hash = absl::HashOf(model_name);
  const Entry* entry = Lookup(model_name, hash);
  if (entry == nullptr) {
    PEAKSYNC_ASSIGN_OR_RETURN(entry, Intern(model_name, hash));
  }
  if (!entry->usable.ok()) return entry->usable;
  return &entry->def;
}

absl::StatusOr<const AttributeDef*> AttributeCatalog::FindByBrazeName(std::string_view braze_name) {
  const auto listed = by_braze_name_.find(braze_name);
  return Find(listed == by_braze_name_.end() ? braze_name : listed->second->first);
}

const AttributeRule* AttributeCatalog::RuleOf(std::string_view braze_name) const {
  const auto listed = by_braze_name_.find(braze_name);
  return listed == by_braze_name_.end() ? nullptr : &listed->second->second;
}

const AttributeCatalog::Entry* AttributeCatalog::Lookup(std::string_view model_name,
                                                        std::size_t hash) const {
  // There is always an empty slot: at most kAttributeNamesMax of them are filled.
  for (std::size_t slot = hash % kSlots;; slot = (slot + 1) % kSlots) {
    const Entry* entry = slots_[slot].load(std::memory_order_acquire);
    if (entry == nullptr || entry->model_name == model_name) return entry;
  }
}

absl::StatusOr<const AttributeCatalog::Entry*> AttributeCatalog::Intern(std::string_view model_name,
                                                                        std::size_t hash) {
  // Before it is taken up, so that names that can't be used take nobody's place.
  PEAKSYNC_RETURN_IF_ERROR(CheckUnlisted(model_name));
  MutexLock lock(mutex_);
  if (const Entry* entry = Lookup(model_name, hash)) return entry;  // Another thread was first.
  if (entries_.size() >= limits::kAttributeNamesMax) {
    return absl::InvalidArgumentError(
        "the tenant uses more than 1,000 attribute names, and this one came after the others: send "
        "fewer names");
  }
  return Insert(Entry{std::string(model_name), AttributeDef{std::string(model_name), nullptr},
                      absl::OkStatus()},
                hash);
}

absl::Status AttributeCatalog::CheckUnlisted(std::string_view model_name) const {
  if (auto problem = ProblemOfName(model_name)) return absl::InvalidArgumentError(*problem);
  // A second way to a listed attribute would get around its rule.
  const auto listed = by_braze_name_.find(model_name);
  if (listed != by_braze_name_.end()) {
    return absl::InvalidArgumentError(NamedAlready(model_name, listed->second->first));
  }
  if (IsProfileField(model_name)) {
    return absl::InvalidArgumentError(
        Concat(model_name, " is a profile field of Braze: rename it, or if it is meant, add [",
               "tenants.", tenant_, ".attributes.", TomlKey(model_name), "]"));
  }
  if (!rules_.accept_unlisted_attributes) {
    return absl::InvalidArgumentError(Concat("not on the allow-list: add [tenants.", tenant_,
                                             ".attributes.", TomlKey(model_name), "]"));
  }
  return absl::OkStatus();
}

const AttributeCatalog::Entry* AttributeCatalog::Insert(Entry entry, std::size_t hash) {
  PEAKSYNC_CHECK(entries_.size() < limits::kAttributeNamesMax);
  const Entry* stored = &entries_.emplace_back(std::move(entry));
  std::size_t slot = hash % kSlots;
  while (slots_[slot].load(std::memory_order_relaxed) != nullptr) slot = (slot + 1) % kSlots;
  slots_[slot].store(stored, std::memory_order_release);
  return stored;
}

std::vector<std::string> AttributeCatalog::CheckRules(const TenantRules& rules) {
  std::vector<std::string> problems;
  if (rules.attributes.size() > limits::kAttributeNamesMax) {
    problems.push_back(Concat(rules.attributes.size(), " attributes are listed; a tenant may ",
                              "use 1,000 attribute names"));
  }
  std::map<std::string_view, std::string_view> names;
  for (const auto& [model_name, rule] : rules.attributes) {
    if (auto problem = ProblemOfListedNames(model_name, rule)) {
      problems.push_back(Concat("attribute ", model_name, ": ", *problem));
    }
    const std::string& braze_name = BrazeNameOf(model_name, rule);
    const auto [first, inserted] = names.emplace(braze_name, model_name);
    if (!inserted) {
      problems.push_back(
          Concat("attribute ", model_name, ": ", NamedAlready(braze_name, first->second)));
    }
    CheckNumbers(model_name, rule, &problems);
  }
  return problems;
}

}  // namespace peaksync
