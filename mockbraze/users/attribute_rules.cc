#include "mockbraze/users/attribute_rules.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/users/nested_rules.h"
#include "mockbraze/users/value_set.h"

namespace mockbraze {
namespace {

bool IsShort(const std::string& text) {
  return CountCharacters(text) <= limits::string_characters_max;
}

std::optional<DropReason> ItemFault(const Value::List& items) {
  for (const Value& item : items) {
    // An array is of scalars or of objects (section 2.4); what Braze does to others is not stated.
    if (item.is_null() || item.object() || item.list()) return DropReason::kArrayItem;
    if (item.string() && !IsShort(*item.string())) return DropReason::kArrayItem;
  }
  return std::nullopt;
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
      if (profile_->attributes.size() >= limits::profile_attributes_max) {
        return DropReason::kProfileFull;
      }
      profile_->attributes.push_back({name_, std::move(value)});
      return Effect::Stored();
    }
    if (attribute->value == value) return Effect::Unchanged();
    attribute->value = std::move(value);
    return Effect::Stored();
  }
  Effect Remove() {
    std::erase_if(profile_->attributes, [&](const Attribute& a) { return a.name == name_; });
    return Effect::Stored();
  }
  // An operator changes the profile, even where the outcome is what was there.
  Effect Change(Value value) {
    const Effect effect = Set(std::move(value));
    return effect.unchanged() ? Effect::Stored() : effect;
  }

 private:
  std::uint32_t name_;
  Profile* profile_;
};

// --- operators, section 2.5 ---

enum class Operation { kNone, kIncrement, kArray, kObjectArray };

bool AllNamesIn(const Value::Object& members, std::initializer_list<std::string_view> names) {
  return !members.empty() && std::ranges::all_of(members, [&](const Value::Member& member) {
    return std::ranges::find(names, member.name) != names.end();
  });
}

Operation OperationOf(const Value& value) {
  const Value::Object* members = value.object();
  if (!members) return Operation::kNone;
  if (AllNamesIn(*members, {"inc"})) return Operation::kIncrement;
  if (AllNamesIn(*members, {"add", "remove"})) return Operation::kArray;
  if (AllNamesIn(*members, {"$add", "$remove", "$update"})) return Operation::kObjectArray;
  return Operation::kNone;
}

Effect Increment(const Value& by, Slot slot) {
  // Section 2.4: inc is documented for integers only.
  const auto* step = by.integer();
  const Value* now = slot.Get();
  if (!step || (now && !now->integer())) return DropReason::kOperatorInvalid;
  std::int64_t sum = *step;
  if (now && __builtin_add_overflow(*now->integer(), *step, &sum)) {
    return DropReason::kOperatorInvalid;
  }
  return slot.Change(sum);
}

Effect AddAndRemove(const Value::Object& operators, const UserRules& rules, Slot slot) {
  const Value* now = slot.Get();
  if (now && InferType(*now) != ForcedType::kArray) return DropReason::kOperatorInvalid;
  for (const Value::Member& op : operators) {
    if (!op.value.list()) return DropReason::kOperatorInvalid;
    if (const auto fault = ItemFault(*op.value.list())) return *fault;
  }
  Value::List items = now ? *now->list() : Value::List{};
  if (const Value* add = FindMember(operators, "add")) {
    items.insert(items.end(), add->list()->begin(), add->list()->end());
  }
  ValueSet set = MakeSet(std::move(items), rules);
  if (const Value* remove = FindMember(operators, "remove")) {
    std::unordered_set<std::string> unwanted;
    for (const Value& item : *remove->list()) unwanted.insert(ToJson(item));
    std::erase_if(set.items, [&](const Value& item) { return unwanted.contains(ToJson(item)); });
  }
  if (!FitsNested(set.items)) return DropReason::kArrayTooLarge;
  const Effect effect = slot.Change(std::move(set.items));
  return set.overflowed ? effect.With(DropReason::kArrayOverflow) : effect;
}

Effect ChangeObjects(const Value::Object& operators, bool merge, Slot slot) {
  const Value* now = slot.Get();
  const bool fits =
      !now || InferType(*now) == ForcedType::kObjectArray || (now->list() && now->list()->empty());
  if (!fits) return DropReason::kOperatorInvalid;
  auto changed = ChangeObjectArray(now ? *now->list() : Value::List{}, operators, merge);
  if (const auto* fault = std::get_if<DropReason>(&changed)) return *fault;
  auto& items = std::get<Value::List>(changed);
  if (!FitsNested(items)) return DropReason::kNestedTooLarge;
  return slot.Change(std::move(items));
}

Effect Operate(Operation operation, const Value& value, const AttributeRules& rules, Slot slot) {
  const Value::Object& operators = *value.object();
  if (operation == Operation::kIncrement) return Increment(operators[0].value, slot);
  const bool fits = FitsNested(value);
  if (operation == Operation::kArray) {
    return fits ? AddAndRemove(operators, rules.user, slot) : DropReason::kArrayTooLarge;
  }
  if (!fits) return DropReason::kNestedTooLarge;
  return ChangeObjects(operators, rules.merge_objects, slot);
}

// --- values ---

Effect ApplyNested(Value value, bool merge, Slot slot) {
  if (!FitsNested(value)) return DropReason::kNestedTooLarge;  // section 1.7
  if (const auto fault = NestedFault(value)) return *fault;
  const Value* now = slot.Get();
  if (merge && value.object() && now && now->object()) {
    Value merged = *now;
    MergeInto(value, &merged);
    if (!FitsNested(merged)) return DropReason::kNestedTooLarge;
    value = std::move(merged);
  }
  return slot.Set(std::move(value));
}

Effect ApplyList(Value value, const UserRules& rules, Slot slot) {
  if (InferType(value) == ForcedType::kObjectArray) {
    return ApplyNested(std::move(value), false, slot);
  }
  if (const auto fault = ItemFault(*value.list())) return *fault;
  if (!FitsNested(value)) return DropReason::kArrayTooLarge;
  ValueSet set = MakeSet(std::move(*value.list()), rules);
  const Effect effect = slot.Set(std::move(set.items));
  return set.overflowed ? effect.With(DropReason::kArrayOverflow) : effect;
}

Effect ApplyValue(Value value, const AttributeRules& rules, Slot slot) {
  if (value.object()) return ApplyNested(std::move(value), rules.merge_objects, slot);
  if (value.list()) return ApplyList(std::move(value), rules.user, slot);
  // Section 1.7: no error, the value is not updated.
  if (value.string() && !IsShort(*value.string())) return DropReason::kStringTooLong;
  return slot.Set(std::move(value));
}

// --- forced types, section 2.4 ---

ForcedType TypeOf(Operation operation) {
  if (operation == Operation::kIncrement) return ForcedType::kNumber;
  return operation == Operation::kArray ? ForcedType::kArray : ForcedType::kObjectArray;
}

// Brings the value into the type that is demanded of the name; answers why it is dropped, if so.
std::optional<DropReason> Force(const NameRules::Rule& rule, Operation operation, Value* value) {
  if (rule.blocklisted) return DropReason::kBlocklisted;
  if (!rule.type || value->is_null()) return std::nullopt;
  const DropReason fault = rule.locked ? DropReason::kTypeLocked : DropReason::kTypeForced;
  if (operation != Operation::kNone) {
    return TypeOf(operation) == *rule.type ? std::nullopt : std::optional(fault);
  }
  std::optional<Value> coerced = Coerce(std::move(*value), *rule.type);
  if (!coerced) return fault;
  *value = std::move(*coerced);
  return std::nullopt;
}

}  // namespace

Effect ApplyAttribute(std::uint32_t name, Value value, const AttributeRules& rules,
                      Profile* profile) {
  const Operation operation = OperationOf(value);
  if (const NameRules::Rule* rule = rules.names.Find(name)) {
    if (const auto fault = Force(*rule, operation, &value)) return *fault;
  }
  Slot slot(name, profile);
  // Section 2.5: null removes the attribute.
  if (value.is_null()) return slot.Remove();
  const Effect effect = operation == Operation::kNone ? ApplyValue(std::move(value), rules, slot)
                                                      : Operate(operation, value, rules, slot);
  if (rules.user.type_locking) {
    if (const Value* now = slot.Get(); now) rules.names.Lock(name, *now);
  }
  return effect;
}

}  // namespace mockbraze
