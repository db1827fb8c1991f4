#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "server/api/decode.h"

namespace peaksync {

inline constexpr std::int64_t kNowSeconds = 1'790'000'000;
inline constexpr UnixNanos kNow = kNowSeconds * 1'000'000'000;

// A value as `set` makes it.
// }).
template <typename Set>
v1::Value MakeValue(Set set) {
  v1::Value value;
  set(value);
  return value;
}

inline v1::Value Null() {
  return MakeValue([](auto& v) { v.set_null_value(google::protobuf::NULL_VALUE); });
}
inline v1::Value Bool(bool b) {
  return MakeValue([b](auto& v) { v.set_bool_value(b); });
}
inline v1::Value Int(std::int64_t i) {
  return MakeValue([i](auto& v) { v.set_int64_value(i); });
}
inline v1::Value Real(double d) {
  return MakeValue([d](auto& v) { v.set_double_value(d); });
}
inline v1::Value Text(const std::string& text) {
  return MakeValue([&](auto& v) { v.set_string_value(text); });
}
inline v1::Value Time(std::int64_t seconds, std::int32_t nanos = 0) {
  return MakeValue([&](auto& v) {
    v.mutable_timestamp_value()->set_seconds(seconds);
    v.mutable_timestamp_value()->set_nanos(nanos);
  });
}
inline v1::Value List(std::initializer_list<v1::Value> values) {
  return MakeValue([&](auto& v) {
    v.mutable_list_value();
    for (const v1::Value& value : values) *v.mutable_list_value()->add_values() = value;
  });
}
inline v1::Value Object(std::initializer_list<std::pair<std::string, v1::Value>> fields) {
  return MakeValue([&](auto& v) {
    v.mutable_object_value();
    for (const auto& [key, value] : fields) {
      v1::ObjectField* field = v.mutable_object_value()->add_fields();
      field->set_key(key);
      *field->mutable_value() = value;
    }
  });
}

// An update of the customer c1 with these attributes.
inline v1::CustomerUpdate Update(
    std::initializer_list<std::pair<std::string, v1::Value>> attributes) {
  v1::CustomerUpdate update;
  update.mutable_customer()->set_external_id("c1");
  for (const auto& [name, value] : attributes) {
    v1::Attribute* attribute = update.add_attributes();
    attribute->set_name(name);
    *attribute->mutable_value() = value;
  }
  return update;
}

}  // namespace peaksync
