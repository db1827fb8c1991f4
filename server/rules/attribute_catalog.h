#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/rules/rules.h"

namespace peaksync {

// An attribute that a tenant may write.
struct AttributeDef {
  std::string name;                     // Braze's.
  const AttributeRule* rule = nullptr;  // Null: the configuration does not list it.
};

// Maps the model's names of a tenant's attributes to what is known of them. Listed names are there
// from the start; others are taken up when they are first seen, up to limits::kAttributeNamesMax in
// all. Lifetime: what Find() returns, and the strings in it, live as long as the catalog.
// Thread safety: safe for concurrent use; a name that is known is found without a lock.
class AttributeCatalog {
 public:
  // `tenant` is for the texts of reasons only.
  AttributeCatalog(std::string tenant, TenantRules rules);
  AttributeCatalog(const AttributeCatalog&) = delete;
  AttributeCatalog& operator=(const AttributeCatalog&) = delete;

  // The attribute that the model calls `model_name`; InvalidArgument with the reason when no value
  // of that name may go to Braze (docs/design.md section 4).
  absl::StatusOr<const AttributeDef*> Find(std::string_view model_name);

  // The same by Braze's name, for values that were validated before: a name that is not listed is
  // taken as the model's.
  absl::StatusOr<const AttributeDef*> FindByBrazeName(std::string_view braze_name);

  // The rule of the attribute that Braze calls `braze_name`; null when none is listed.
  const AttributeRule* RuleOf(std::string_view braze_name) const;

  const TenantRules& rules() const { return rules_; }

  // What is wrong with rules, one sentence a problem, each with the attribute's name. Empty:
  // nothing.
  static std::vector<std::string> CheckRules(const TenantRules& rules);

 private:
  struct Entry {
    std::string model_name;
    AttributeDef def;
    absl::Status usable;
  };

  const Entry* Lookup(std::string_view model_name, std::size_t hash) const;
  absl::StatusOr<const Entry*> Intern(std::string_view model_name, std::size_t hash);
  absl::Status CheckUnlisted(std::string_view model_name) const;
  const Entry* Insert(Entry entry, std::size_t hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string tenant_;
  const TenantRules rules_;
  // Braze's names of listed attributes, with their place in rules_.
  std::map<std::string_view, const std::pair<const std::string, AttributeRule>*> by_braze_name_;

  Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // Never shrinks, never moves.
  // Open addressing, insert-only, so that readers need no lock: a slot is filled once, under
  // mutex_.
  std::vector<std::atomic<const Entry*>> slots_;
};

}  // namespace peaksync
