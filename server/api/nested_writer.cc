#include "server/api/nested_writer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "server/api/decode_value.h"
#include "server/base/limits.h"
#include "server/domain/canonical_json.h"
#include "server/domain/utf8.h"
#include "server/domain/value.h"

namespace peaksync {

bool NestedWriter::Fault(std::string_view problem) {
  if (problem_.empty()) problem_ = problem;
  return mode_ == Mode::kLenient;
}

bool NestedWriter::GiveUp(std::string_view problem) {
  Fault(problem);
  return false;
}

void NestedWriter::Append(std::string_view text) {
  json_.append(text);
  if (comparable_differs_) comparable_.append(text);
}

bool NestedWriter::WriteValue(const v1::Value& value, int depth, bool inside_object) {
  if (json_.size() > limits::kNestedBytesMax) {
    return GiveUp("the list or object is larger than 100,000 bytes as JSON: send less of it");
  }
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
      if (depth > 1 && !Fault("null inside a list or object, for which Braze would drop the whole "
                              "attribute: leave the element or key out")) {
        return false;
      }
      Append("null");
      return true;
    case v1::Value::kBoolValue:
      Append(value.bool_value() ? "true" : "false");
      return true;
    case v1::Value::kInt64Value:
      Append(std::to_string(value.int64_value()));
      return true;
    case v1::Value::kDoubleValue:
      return WriteDouble(value.double_value());
    case v1::Value::kStringValue:
      return WriteText(value.string_value());
    case v1::Value::kTimestampValue: {
      const std::optional<std::string> text = TimestampText(value.timestamp_value());
      if (!text) return GiveUp("a timestamp is outside of the years 1 to 9999");
      return WriteText(*text);
    }
    case v1::Value::kListValue:
      return WriteList(value.list_value(), depth);
    case v1::Value::kObjectValue:
      return WriteObject(value.object_value(), depth, inside_object);
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return GiveUp("a list or object holds an element that has no value: leave it out");
}

bool NestedWriter::WriteList(const v1::ListValue& list, int depth) {
  if (depth > limits::kValueDepthMax) {
    return GiveUp("lists and objects are nested deeper than 32 levels: flatten them");
  }
  Append("[");
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) Append(",");
    if (!WriteValue(list.values(i), depth + 1, false)) return false;
  }
  Append("]");
  return true;
}

bool NestedWriter::WriteObject(const v1::ObjectValue& object, int depth, bool inside_object) {
  if (depth > limits::kValueDepthMax) {
    return GiveUp("lists and objects are nested deeper than 32 levels: flatten them");
  }
  absl::InlinedVector<const v1::ObjectField*, 16> fields;
  for (const v1::ObjectField& field : object.fields()) fields.push_back(&field);
  std::ranges::sort(fields, {}, &v1::ObjectField::key);
  if (inside_object && fields.size() == 1 && fields[0]->key() == kTimeKey) {
    return WriteTime(fields[0]->value());
  }
  Append("{");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) {
      Append(",");
      if (fields[i]->key() == fields[i - 1]->key() &&
          !Fault("a key inside the object is given twice: give it once")) {
        return false;
      }
    }
    if (!WriteKey(fields[i]->key()) || !WriteValue(fields[i]->value(), depth + 1, true)) {
      return false;
    }
  }
  Append("}");
  return true;
}

bool NestedWriter::WriteTime(const v1::Value& value) {
  std::string text = value.string_value();
  if (value.has_timestamp_value()) {
    text = TimestampText(value.timestamp_value()).value_or(std::string());
  }
  if (!IsTimestampText(text) && !Fault("$time must be an RFC 3339 time of the years 0 to 3000 "
                                       "(2026-09-07T02:00:00Z): Braze would drop the attribute")) {
    return false;
  }
  Append("{\"$time\":");
  // What is no text is written as what it is; kLenient only.
  const bool is_text = value.has_string_value() || !text.empty();
  if (is_text ? !WriteText(text) : !WriteValue(value, limits::kValueDepthMax + 1, false)) {
    return false;
  }
  Append("}");
  return true;
}

bool NestedWriter::WriteKey(std::string_view key) {
  const std::optional<std::size_t> characters = CountCharacters(key);
  if (!characters) return GiveUp("a key inside the object is not valid UTF-8");
  const char* const problem = ProblemOfNestedKey(key, *characters);
  if (problem != nullptr && !Fault(problem)) return false;
  const std::size_t start = json_.size();
  AppendJsonString(key, &json_);
  json_.push_back(':');
  if (comparable_differs_) comparable_.append(json_, start);
  return true;
}

bool NestedWriter::WriteText(std::string_view text) {
  const std::optional<std::size_t> characters = CountCharacters(text);
  if (!characters) return GiveUp("a string inside a list or object is not valid UTF-8");
  if (*characters > limits::kStringCharactersMax &&
      !Fault("a string inside a list or object is longer than 255 characters: shorten it")) {
    return false;
  }
  const std::size_t start = json_.size();
  AppendJsonString(text, &json_);
  if (comparable_differs_) comparable_.append(json_, start);
  return true;
}

bool NestedWriter::WriteDouble(double value) {
  if (!std::isfinite(value)) {
    if (!Fault("a number inside a list or object is not finite: leave it out")) return false;
    Append(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    return true;
  }
  if (!comparable_differs_ && std::trunc(value) == value) {
    comparable_ = json_;
    comparable_differs_ = true;
  }
  AppendJsonDouble(value, &json_);
  if (comparable_differs_) AppendComparableDouble(value, &comparable_);
  return true;
}

}  // namespace peaksync
