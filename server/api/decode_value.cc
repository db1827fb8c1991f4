#include "server/api/decode_value.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/api/nested_writer.h"
#include "server/base/limits.h"
#include "server/domain/utf8.h"

namespace peaksync {
namespace {

// What a Timestamp may be: the years 1 to 9999.
constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;

std::optional<std::string> DecodeNested(const v1::Value& given, Value* value) {
  NestedWriter writer(NestedWriter::Mode::kStrict);
  if (!writer.Write(given)) return std::string(writer.problem());
  // json() is copied, since comparable() may be the very same bytes.
  *value = given.has_list_value() ? Value::List(writer.json(), writer.comparable())
                                  : Value::Object(writer.json(), writer.comparable());
  return std::nullopt;
}

}  // namespace

std::optional<std::string> DecodeValue(const v1::Value& given, Value* value) {
  switch (given.kind_case()) {
    case v1::Value::kNullValue:
      *value = Value();
      return std::nullopt;
    case v1::Value::kBoolValue:
      *value = Value::Bool(given.bool_value());
      return std::nullopt;
    case v1::Value::kInt64Value:
      *value = Value::Integer(given.int64_value());
      return std::nullopt;
    case v1::Value::kDoubleValue:
      if (!std::isfinite(given.double_value())) {
        return "the number is not finite (NaN or infinity): send a number, or null to unset";
      }
      *value = Value::Double(given.double_value());
      return std::nullopt;
    case v1::Value::kStringValue:
      if (!CountCharacters(given.string_value())) {
        return "the string is not valid UTF-8: convert it";
      }
      *value = Value::Text(given.string_value());
      return std::nullopt;
    case v1::Value::kTimestampValue: {
      const std::optional<std::string> text = TimestampText(given.timestamp_value());
      if (!text) return "the timestamp is outside of the years 1 to 9999";
      *value = Value::Text(*text);
      return std::nullopt;
    }
    case v1::Value::kListValue:
    case v1::Value::kObjectValue:
      return DecodeNested(given, value);
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return "the attribute has no value: set one, or null to unset it";
}

std::string GivenJson(const v1::Value& given) {
  NestedWriter writer(NestedWriter::Mode::kLenient);
  if (!writer.Write(given) || writer.json().size() > limits::kNestedBytesMax) return std::string();
  return writer.TakeJson();
}

std::optional<std::string> TimestampText(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() < kTimestampSecondsMin || timestamp.seconds() > kTimestampSecondsMax ||
      timestamp.nanos() < 0 || timestamp.nanos() >= kNanosPerSecond) {
    return std::nullopt;
  }
  const absl::CivilSecond time =
      absl::ToCivilSecond(absl::FromUnixSeconds(timestamp.seconds()), absl::UTCTimeZone());
  std::string text = absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d", time.year(), time.month(),
                                     time.day(), time.hour(), time.minute(), time.second());
  if (timestamp.nanos() != 0) {
    absl::StrAppendFormat(&text, ".%09d", timestamp.nanos());
    text.erase(text.find_last_not_of('0') + 1);
  }
  text.push_back('Z');
  return text;
}

}  // namespace peaksync
