#include "client/value_json.h"

#include <nlohmann/json.hpp>

#include "client/time_text.h"

namespace peaksync::client {
namespace {

using Json = nlohmann::ordered_json;

std::string TimeOf(const google::protobuf::Timestamp& time) {
  return FormatTime({time.seconds(), time.nanos()});
}

// Recursion is bounded: protobuf reads at most 100 levels.
Json ToJson(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      return value.bool_value();
    case v1::Value::kInt64Value:
      return value.int64_value();
    case v1::Value::kDoubleValue:
      return value.double_value();
    case v1::Value::kStringValue:
      return value.string_value();
    case v1::Value::kTimestampValue:
      return TimeOf(value.timestamp_value());
    case v1::Value::kListValue: {
      Json list = Json::array();
      for (const v1::Value& element : value.list_value().values()) list.push_back(ToJson(element));
      return list;
    }
    case v1::Value::kObjectValue: {
      Json object = Json::object();
      for (const v1::ObjectField& field : value.object_value().fields()) {
        object[field.key()] = ToJson(field.value());
      }
      return object;
    }
    default:
      return nullptr;
  }
}

std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string JsonText(const v1::Value& value) { return Text(ToJson(value)); }

std::string JsonString(std::string_view text) { return Text(Json(text)); }

std::string CellText(const v1::Value& value) {
  if (value.has_string_value()) return value.string_value();
  if (value.has_timestamp_value()) return TimeOf(value.timestamp_value());
  return JsonText(value);
}

}  // namespace peaksync::client
