#include "mockbraze/users/nested_rules.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

bool IsShort(const std::string& text) {
  return CountCharacters(text) <= limits::string_characters_max;
}

// Section 2.6: a key inside an object.
bool IsUsableKey(const std::string& key) {
  return !key.empty() && IsShort(key) && key.find_first_of(" .$") == std::string::npos;
}

// {"$time": "date"}, section 2.5.
bool IsTime(const Value::Object& members) {
  return members.size() == 1 && members[0].name == "$time";
}

bool HasMembers(const Value& value) { return value.object() && !IsTime(*value.object()); }

// The members of an object that others are merged into. Finds those of a large one by hash.
class Members {
 public:
  Members(std::size_t more, Value::Object* all) : all_(*all) {
    if (all_.size() + more <= limits::searched_members_max) return;
    // The names are looked at where they are, so they must stay there.
    all_.reserve(all_.size() + more);
    for (std::size_t i = 0; i < all_.size(); ++i) places_.try_emplace(all_[i].name, i);
    hashed_ = true;
  }
  Value* Find(std::string_view name) {
    if (!hashed_) return FindMember(all_, name);
    const auto found = places_.find(name);
    return found == places_.end() ? nullptr : &all_[found->second].value;
  }
  void Add(const Value::Member& member) {
    all_.push_back(member);
    if (hashed_) places_.try_emplace(all_.back().name, all_.size() - 1);
  }

 private:
  Value::Object& all_;
  std::unordered_map<std::string_view, std::size_t> places_;
  bool hashed_ = false;
};

// True when only the year keeps the text from being a date (section 2.5: beyond 3000).
bool HasYearOutOfRange(std::string text) {
  if (text.size() < 4) return false;
  return LooksLikeDate(text.replace(0, 4, "2000"));
}

std::optional<DropReason> TimeFault(const Value& time) {
  if (!time.string()) return DropReason::kNestedInvalid;
  if (LooksLikeDate(*time.string())) return std::nullopt;
  return HasYearOutOfRange(*time.string()) ? DropReason::kNestedDate : DropReason::kNestedInvalid;
}

const std::string* IdentifierKey(const Value& matcher) {
  const Value* key = matcher.Find("$identifier_key");
  const Value* value = matcher.Find("$identifier_value");
  return key && value && !value->is_null() ? key->string() : nullptr;
}

bool Matches(const Value& item, const Value& matcher) {
  const Value* found = item.Find(*IdentifierKey(matcher));
  return found && *found == *matcher.Find("$identifier_value");
}

const Value::List* Items(const Value::Object& operators, std::string_view name) {
  static const Value::List none;
  const Value* op = FindMember(operators, name);
  return op ? op->list() : &none;
}

std::optional<DropReason> ObjectFault(const Value* value) {
  return value && value->object() ? NestedFault(*value) : DropReason::kNestedInvalid;
}

// All that can be wrong with the operators, before any of them changes anything.
std::optional<DropReason> OperatorFault(const Value::List* add, const Value::List* remove,
                                        const Value::List* update) {
  if (!add || !remove || !update) return DropReason::kOperatorInvalid;
  for (const Value& item : *add) {
    if (const auto fault = ObjectFault(&item)) return fault;
  }
  const auto usable = [](const Value& matcher) { return IdentifierKey(matcher) != nullptr; };
  if (!std::ranges::all_of(*remove, usable) || !std::ranges::all_of(*update, usable)) {
    return DropReason::kOperatorInvalid;
  }
  for (const Value& change : *update) {
    if (const auto fault = ObjectFault(change.Find("$new_object"))) return fault;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DropReason> NestedFault(const Value& value) {
  if (value.is_null()) return DropReason::kNestedInvalid;
  if (const auto* text = value.string()) {
    return IsShort(*text) ? std::nullopt : std::optional(DropReason::kNestedInvalid);
  }
  if (const auto* items = value.list()) {
    for (const Value& item : *items) {
      if (const auto fault = NestedFault(item)) return fault;
    }
    return std::nullopt;
  }
  const auto* members = value.object();
  if (!members) return std::nullopt;
  if (IsTime(*members)) return TimeFault((*members)[0].value);
  for (const Value::Member& member : *members) {
    if (!IsUsableKey(member.name)) return DropReason::kNestedInvalid;
    if (const auto fault = NestedFault(member.value)) return fault;
  }
  return std::nullopt;
}

bool FitsNested(const Value& value) { return ToJson(value).size() <= limits::nested_bytes_max; }

void MergeInto(const Value& from, Value* into) {
  // A $time is one value, and has no place for members beside it.
  if (!HasMembers(from) || !HasMembers(*into)) {
    *into = from;
    return;
  }
  Members members(from.object()->size(), into->object());
  for (const Value::Member& member : *from.object()) {
    if (Value* there = members.Find(member.name)) {
      MergeInto(member.value, there);
    } else {
      members.Add(member);
    }
  }
}

std::variant<Value::List, DropReason> ChangeObjectArray(Value::List items,
                                                        const Value::Object& operators,
                                                        bool merge) {
  const Value::List* add = Items(operators, "$add");
  const Value::List* remove = Items(operators, "$remove");
  const Value::List* update = Items(operators, "$update");
  if (const auto fault = OperatorFault(add, remove, update)) return *fault;
  items.insert(items.end(), add->begin(), add->end());
  for (const Value& matcher : *remove) {
    std::erase_if(items, [&](const Value& item) { return Matches(item, matcher); });
  }
  for (const Value& change : *update) {
    const Value& fresh = *change.Find("$new_object");
    for (Value& item : items) {
      if (!Matches(item, change)) continue;
      if (merge) {
        MergeInto(fresh, &item);
      } else {
        item = fresh;
      }
    }
  }
  return items;
}

}  // namespace mockbraze
