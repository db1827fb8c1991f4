#pragma once

#include <optional>
#include <variant>

#include "mockbraze/base/json.h"
#include "mockbraze/users/drop_reason.h"

// Objects and arrays of objects as values of custom attributes, docs/braze-contract.md sections
// 1.7, 2.5 and 2.6. Thread safety: pure functions.
namespace mockbraze {

// Why the value cannot stand inside an attribute, if so. One invalid value anywhere inside drops
// the whole update.
std::optional<DropReason> NestedFault(const Value& value);

// 100 KB as JSON.
bool FitsNested(const Value& value);

// A deep merge, as under _merge_objects. What is not two objects, or is a $time, is replaced.
void MergeInto(const Value& from, Value* into);

// An array of objects after $add, then $remove, then $update, whatever their order in
// `operators`; or why all of them are dropped.
std::variant<Value::List, DropReason> ChangeObjectArray(Value::List items,
                                                        const Value::Object& operators, bool merge);

}  // namespace mockbraze
