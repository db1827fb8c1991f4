#include "mockbraze/users/attribute_rules.h"

#include <algorithm>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

bool IsShort(const std::string& text) {
  return CountCharacters(text) <= limits::string_characters_max;
}

bool IsScalar(const Value& value) { return !value.is_null() && !value.object() && !value.list(); }

bool FitsNested(const Value& value) { return ToJson(value).size() <= limits::nested_bytes_max; }

// Section 2.4: an array is a set in order. Adding what is there moves it to the end; the oldest
// item falls off beyond the limit (section 1.7).
void AddToSet(const Value& item, Value::List* set) {
  std::erase(*set, item);
  set->push_back(item);
  if (set->size() > limits::array_items_max) set->erase(set->begin());
}

bool IsUsableItem(const Value& item) {
  return IsScalar(item) && (!item.string() || IsShort(*item.string()));
}

// Section 2.6: a key inside an object.
bool IsUsableKey(const std::string& key) {
  return !key.empty() && IsShort(key) && key.find_first_of(" .$") == std::string::npos;
}

// {"$time": "date"}, section 2.5.
bool IsTime(const Value::Object& members) {
  return members.size() == 1 && members[0].name == "$time";
}

// Section 2.5: one invalid value inside drops the whole update.
bool IsUsableNested(const Value& value) {
  if (value.is_null()) return false;
  if (const auto* text = value.string()) return IsShort(*text);
  if (const auto* items = value.list()) return std::ranges::all_of(*items, IsUsableNested);
  const auto* members = value.object();
  if (!members) return true;
  if (IsTime(*members)) {
    const auto* date = (*members)[0].value.string();
    return date && LooksLikeDate(*date);
  }
  return std::ranges::all_of(*members, [](const Value::Member& member) {
    return IsUsableKey(member.name) && IsUsableNested(member.value);
  });
}

void MergeInto(const Value::Object& from, Value::Object* into) {
  for (const Value::Member& member : from) {
    Value* there = FindMember(*into, member.name);
    if (!there) {
      into->push_back(member);
    } else if (there->object() && member.value.object()) {
      MergeInto(*member.value.object(), there->object());
    } else {
      *there = member.value;
    }
  }
}

// A view on one attribute of a profile.
class Slot {
 public:
  Slot(std::uint32_t name, Profile* profile) : name_(name), profile_(profile) {}

  const Value* Get() const {
    const Attribute* attribute = std::as_const(*profile_).FindAttribute(name_);
    return attribute ? &attribute->value : nullptr;
  }
  Effect Set(Value value) {
    Attribute* attribute = profile_->FindAttribute(name_);
    if (!attribute) {
      if (profile_->attributes.size() >= limits::profile_attributes_max) return Effect::kDropped;
      profile_->attributes.push_back({name_, std::move(value)});
      return Effect::kStored;
    }
    if (attribute->value == value) return Effect::kUnchanged;
    attribute->value = std::move(value);
    return Effect::kStored;
  }
  Effect Remove() {
    std::erase_if(profile_->attributes, [&](const Attribute& a) { return a.name == name_; });
    return Effect::kStored;
  }

 private:
  std::uint32_t name_;
  Profile* profile_;
};

Effect Increment(const Value& by, Slot slot) {
  // Section 2.4: inc is documented for integers only.
  const auto* step = by.integer();
  const Value* now = slot.Get();
  if (!step || (now && !now->integer())) return Effect::kDropped;
  std::int64_t sum = *step;
  if (now && __builtin_add_overflow(*now->integer(), *step, &sum)) return Effect::kDropped;
  slot.Set(sum);
  return Effect::kStored;
}

Effect AddAndRemove(const Value::Object& operators, Slot slot) {
  const Value* now = slot.Get();
  if (now && !now->list()) return Effect::kDropped;
  Value::List set = now ? *now->list() : Value::List{};
  for (const Value::Member& op : operators) {
    const auto* items = op.value.list();
    if (!items || !std::ranges::all_of(*items, IsUsableItem)) return Effect::kDropped;
  }
  if (const Value* add = FindMember(operators, "add")) {
    for (const Value& item : *add->list()) AddToSet(item, &set);
  }
  if (const Value* remove = FindMember(operators, "remove")) {
    for (const Value& item : *remove->list()) std::erase(set, item);
  }
  if (!FitsNested(set)) return Effect::kDropped;
  slot.Set(std::move(set));
  return Effect::kStored;
}

bool Matches(const Value& item, const Value& matcher) {
  const Value* key = matcher.Find("$identifier_key");
  const Value* wanted = matcher.Find("$identifier_value");
  if (!key || !key->string() || !wanted) return false;
  const Value* found = item.Find(*key->string());
  return found && *found == *wanted;
}

// Section 2.5: always $add, then $remove, then $update.
Effect ChangeObjectArray(const Value::Object& operators, bool merge, Slot slot) {
  const Value* now = slot.Get();
  if (now && !now->list()) return Effect::kDropped;
  Value::List items = now ? *now->list() : Value::List{};
  for (const Value::Member& op : operators) {
    if (!op.value.list()) return Effect::kDropped;
  }
  if (const Value* add = FindMember(operators, "$add")) {
    for (const Value& item : *add->list()) {
      if (!item.object() || !IsUsableNested(item)) return Effect::kDropped;
      items.push_back(item);
    }
  }
  if (const Value* remove = FindMember(operators, "$remove")) {
    for (const Value& matcher : *remove->list()) {
      std::erase_if(items, [&](const Value& item) { return Matches(item, matcher); });
    }
  }
  if (const Value* update = FindMember(operators, "$update")) {
    for (const Value& change : *update->list()) {
      const Value* fresh = change.Find("$new_object");
      if (!fresh || !fresh->object() || !IsUsableNested(*fresh)) return Effect::kDropped;
      for (Value& item : items) {
        if (!Matches(item, change)) continue;
        if (merge && item.object()) {
          MergeInto(*fresh->object(), item.object());
        } else {
          item = *fresh;
        }
      }
    }
  }
  if (!FitsNested(items)) return Effect::kDropped;
  slot.Set(std::move(items));
  return Effect::kStored;
}

bool AllNamesIn(const Value::Object& members, std::initializer_list<std::string_view> names) {
  return !members.empty() && std::ranges::all_of(members, [&](const Value::Member& member) {
    return std::ranges::find(names, member.name) != names.end();
  });
}

Effect ApplyObject(Value value, bool merge, Slot slot) {
  if (!FitsNested(value)) return Effect::kDropped;  // section 1.7
  const Value::Object& members = *value.object();
  if (AllNamesIn(members, {"inc"})) return Increment(members[0].value, slot);
  if (AllNamesIn(members, {"add", "remove"})) return AddAndRemove(members, slot);
  if (AllNamesIn(members, {"$add", "$remove", "$update"})) {
    return ChangeObjectArray(members, merge, slot);
  }
  if (!IsUsableNested(value)) return Effect::kDropped;
  const Value* now = slot.Get();
  if (merge && now && now->object()) {
    Value merged = *now;
    MergeInto(members, merged.object());
    value = std::move(merged);
  }
  return FitsNested(value) ? slot.Set(std::move(value)) : Effect::kDropped;
}

Effect ApplyList(Value value, Slot slot) {
  const Value::List& items = *value.list();
  const bool objects = !items.empty() && std::ranges::all_of(items, [](const Value& item) {
    return item.object() != nullptr;
  });
  if (objects) {
    const bool usable = IsUsableNested(value) && FitsNested(value);
    return usable ? slot.Set(std::move(value)) : Effect::kDropped;
  }
  // An array is of scalars or of objects (section 2.4); what Braze does to others is not stated.
  if (!std::ranges::all_of(items, IsUsableItem) || !FitsNested(value)) return Effect::kDropped;
  // Of 100 KB of items only the last array_items_max different ones can stay: look at them from the
  // end, so that the work is bounded by limit times length.
  Value::List set;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (set.size() == limits::array_items_max) break;
    if (std::ranges::find(set, *item) == set.end()) set.push_back(*item);
  }
  std::ranges::reverse(set);
  return slot.Set(std::move(set));
}

}  // namespace

Effect ApplyAttribute(std::uint32_t name, Value value, bool merge_objects, Profile* profile) {
  Slot slot(name, profile);
  // Section 2.5: null removes the attribute.
  if (value.is_null()) return slot.Remove();
  if (value.object()) return ApplyObject(std::move(value), merge_objects, slot);
  if (value.list()) return ApplyList(std::move(value), slot);
  // Section 1.7: no error, the value is not updated.
  if (const auto* text = value.string(); text && !IsShort(*text)) return Effect::kDropped;
  return slot.Set(std::move(value));
}

Effect ApplyField(const std::string& name, Value value, Profile* profile) {
  if (!IsStorableField(name, value)) return Effect::kDropped;
  if (value.is_null()) {
    std::erase_if(profile->fields, [&](const Value::Member& field) { return field.name == name; });
    return Effect::kStored;
  }
  Value* there = FindMember(profile->fields, name);
  if (!there) {
    profile->fields.push_back({name, std::move(value)});
    return Effect::kStored;
  }
  if (*there == value) return Effect::kUnchanged;
  *there = std::move(value);
  return Effect::kStored;
}

}  // namespace mockbraze
