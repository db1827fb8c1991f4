#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mockbraze {

// A JSON value as the mock keeps it. Numbers are exact: integers are 64-bit, and an integer and a
// double are different values even where they are equal in number (14 and 14.0). Members keep the
// order in which they came. Thread safety: as a plain struct.
class Value {
 public:
  struct Member;
  using List = std::vector<Value>;
  using Object = std::vector<Member>;

  Value() noexcept;
  // NOLINTBEGIN(google-explicit-constructor): a JSON literal should read like one.
  Value(std::nullptr_t) noexcept;
  Value(double number) noexcept;
  Value(std::string text) noexcept;
  Value(std::string_view text);
  Value(const char* text);
  Value(List items) noexcept;
  Value(Object members) noexcept;
  template <std::integral T>
  Value(T number) noexcept;
  // NOLINTEND(google-explicit-constructor)
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  // Each answers null when the value is of another type.
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  // Only integers beyond the range of int64.
  const std::uint64_t* big_integer() const { return std::get_if<std::uint64_t>(&data_); }
  const double* real() const { return std::get_if<double>(&data_); }
  const std::string* string() const { return std::get_if<std::string>(&data_); }
  const List* list() const { return std::get_if<List>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  List* list() { return std::get_if<List>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }
  bool is_number() const { return integer() || big_integer() || real(); }
  // Any number as a double, 0 when the value is none.
  double AsDouble() const;

  // The member of an object, or null when there is none or the value is no object.
  const Value* Find(std::string_view name) const;

  // Same type and same value. The order of an object's members does not matter, that of a list
  // does.
  friend bool operator==(const Value& a, const Value& b);

 private:
  using Data = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string,
                            List, Object>;

  Data data_;
};

struct Value::Member {
  std::string name;
  Value value;
};

// Here, and not in the class, because they need Member to be complete.
inline Value::Value() noexcept = default;
inline Value::Value(std::nullptr_t) noexcept {}
inline Value::Value(double number) noexcept : data_(number) {}
inline Value::Value(std::string text) noexcept : data_(std::move(text)) {}
inline Value::Value(std::string_view text) : data_(std::string(text)) {}
inline Value::Value(const char* text) : data_(std::string(text)) {}
inline Value::Value(List items) noexcept : data_(std::move(items)) {}
inline Value::Value(Object members) noexcept : data_(std::move(members)) {}
template <std::integral T>
Value::Value(T number) noexcept {
  if constexpr (std::same_as<T, bool>) {
    data_.emplace<bool>(number);
  } else if (std::in_range<std::int64_t>(number)) {
    data_.emplace<std::int64_t>(static_cast<std::int64_t>(number));
  } else {
    data_.emplace<std::uint64_t>(static_cast<std::uint64_t>(number));
  }
}
inline Value::Value(const Value&) = default;
inline Value::Value(Value&&) noexcept = default;
inline Value& Value::operator=(const Value&) = default;
inline Value& Value::operator=(Value&&) noexcept = default;
inline Value::~Value() = default;

// Finds a member by name in an object's members; null when there is none.
const Value* FindMember(const Value::Object& members, std::string_view name);
Value* FindMember(Value::Object& members, std::string_view name);

// Compact JSON. Integers are written exactly, doubles as the shortest text that reads back as the
// same double, with ".0" where it would otherwise look like an integer; one that is no finite
// number is written as null, so that the text is JSON whatever happened. Text must be UTF-8.
void AppendJson(const Value& value, std::string* out);
void AppendJsonString(std::string_view text, std::string* out);
std::string ToJson(const Value& value);

// About how many bytes the value holds beside itself.
std::size_t BytesOf(const Value& value);
std::size_t BytesOf(const Value::Object& members);

}  // namespace mockbraze
