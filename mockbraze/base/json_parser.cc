#include "mockbraze/base/json_parser.h"

#include <simdjson.h>

#include <string>
#include <unordered_map>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

namespace dom = simdjson::dom;

// Objects up to this size look for repeated names by comparing; larger ones by hashing.
constexpr std::size_t linear_members_max = 24;

Value Convert(const dom::element& element);

Value ConvertObject(const dom::object& object) {
  Value::Object members;
  members.reserve(object.size());
  std::unordered_map<std::string_view, std::size_t> places;
  const bool hashed = object.size() > linear_members_max;
  for (const dom::key_value_pair member : object) {
    Value* earlier = nullptr;
    if (hashed) {
      const auto [place, fresh] = places.try_emplace(member.key, members.size());
      if (!fresh) earlier = &members[place->second].value;
    } else {
      earlier = FindMember(members, member.key);
    }
    if (earlier) {
      *earlier = Convert(member.value);
    } else {
      members.push_back({std::string(member.key), Convert(member.value)});
    }
  }
  return members;
}

Value Convert(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::OBJECT:
      return ConvertObject(element.get_object().value_unsafe());
    case dom::element_type::ARRAY: {
      const dom::array array = element.get_array().value_unsafe();
      Value::List items;
      items.reserve(array.size());
      for (const dom::element item : array) items.push_back(Convert(item));
      return items;
    }
    case dom::element_type::STRING:
      return element.get_string().value_unsafe();
    case dom::element_type::INT64:
      return element.get_int64().value_unsafe();
    case dom::element_type::UINT64:
      return element.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case dom::element_type::BOOL:
      return element.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

}  // namespace

Result<Value> ParseJson(std::string_view text) {
  thread_local dom::parser parser;
  if (parser.max_depth() != limits::json_depth_max &&
      parser.allocate(std::size_t{64} * 1024, limits::json_depth_max) != simdjson::SUCCESS) {
    return Result<Value>::Fail("out of memory for the JSON parser");
  }
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root); error) {
    if (parser.capacity() > limits::parser_bytes_kept) parser = dom::parser();
    return Result<Value>::Fail(simdjson::error_message(error));
  }
  Result<Value> value = Result<Value>::Ok(Convert(root));
  // It keeps room for the largest text it has seen, on every thread.
  if (parser.capacity() > limits::parser_bytes_kept) parser = dom::parser();
  return value;
}

}  // namespace mockbraze
