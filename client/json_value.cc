#include "client/json_value.h"

#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

namespace json = simdjson::ondemand;

absl::Status Broken(simdjson::error_code error) { return Invalid(JsonProblem(error)); }

absl::Status SetNumber(json::value value, v1::Value* out) {
  json::number number;
  if (value.get_number().get(number) != simdjson::SUCCESS) {
    return Invalid(
        "a number that fits neither a 64-bit integer nor a finite double; quote it to "
        "send it as a string");
  }
  if (number.is_uint64()) {
    return Invalid("an integer beyond 64 bits (signed); quote it to send it as a string");
  }
  if (number.is_int64()) {
    out->set_int64_value(number.get_int64());
  } else {
    out->set_double_value(number.get_double());
  }
  return absl::OkStatus();
}

absl::Status Set(json::value value, int depth, v1::Value* out);

absl::Status SetList(json::value value, int depth, v1::ListValue* out) {
  json::array array;
  if (const auto error = value.get_array().get(array)) return Broken(error);
  for (auto element : array) {
    json::value item;
    if (const auto error = std::move(element).get(item)) return Broken(error);
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Set(item, depth, out->add_values()));
  }
  return absl::OkStatus();
}

absl::Status SetObject(json::value value, int depth, v1::ObjectValue* out) {
  json::object object;
  if (const auto error = value.get_object().get(object)) return Broken(error);
  for (auto member : object) {
    json::field field;
    if (const auto error = std::move(member).get(field)) return Broken(error);
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return Broken(error);
    v1::ObjectField* const target = out->add_fields();
    target->set_key(key.data(), key.size());
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Set(field.value(), depth, target->mutable_value()));
  }
  return absl::OkStatus();
}

// `depth`: how many lists and objects `value` stands in.
absl::Status Set(json::value value, int depth, v1::Value* out) {
  json::json_type type{};
  if (const auto error = value.type().get(type)) return Broken(error);
  switch (type) {
    case json::json_type::array:
    case json::json_type::object:
      if (depth == limits::kValueDepthMax) {
        return Invalid("nested deeper than ", limits::kValueDepthMax, " levels");
      }
      return type == json::json_type::array
                 ? SetList(value, depth + 1, out->mutable_list_value())
                 : SetObject(value, depth + 1, out->mutable_object_value());
    case json::json_type::number:
      return SetNumber(value, out);
    case json::json_type::string: {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return Broken(error);
      out->set_string_value(text.data(), text.size());
      return absl::OkStatus();
    }
    case json::json_type::boolean: {
      bool truth = false;
      if (const auto error = value.get_bool().get(truth)) return Broken(error);
      out->set_bool_value(truth);
      return absl::OkStatus();
    }
    case json::json_type::null: {
      bool is_null = false;
      if (const auto error = value.is_null().get(is_null)) return Broken(error);
      if (!is_null) return Broken(simdjson::N_ATOM_ERROR);
      out->set_null_value(google::protobuf::NULL_VALUE);
      return absl::OkStatus();
    }
  }
  return Broken(simdjson::TAPE_ERROR);
}

}  // namespace

bool IsAtEnd(json::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

absl::Status SetJsonValue(json::value value, v1::Value* out) { return Set(value, 0, out); }

std::string_view JsonProblem(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::STRING_ERROR:
      return "a string with an escape that is not valid";
    case simdjson::UNCLOSED_STRING:
      return "not valid JSON: a string does not end";
    case simdjson::DEPTH_ERROR:
      return "nested too deeply";
    case simdjson::NUMBER_ERROR:
      return "not valid JSON: a number that can't be read";
    case simdjson::INCORRECT_TYPE:
      return "not a JSON object; every line must hold one";
    case simdjson::EMPTY:
      return "not valid JSON: nothing there";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "not valid JSON: the line ends too early; is the file complete?";
    default:
      return "not valid JSON";
  }
}

}  // namespace peaksync::client
