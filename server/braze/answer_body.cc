#include "server/braze/answer_body.h"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/limits.h"

namespace peaksync {
namespace {

namespace dom = simdjson::dom;

std::optional<std::string_view> ReadText(dom::element element) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS || text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string_view> ReadTextMember(dom::object object, std::string_view name) {
  dom::element member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS) return std::nullopt;
  return ReadText(member);
}

// The index of the object that an entry names.
std::optional<std::size_t> ReadIndex(dom::object entry, std::size_t objects) {
  dom::element input_array;
  if (entry.at_key("input_array").get(input_array) == simdjson::SUCCESS &&
      ReadText(input_array) != "attributes") {
    return std::nullopt;
  }
  std::uint64_t index = 0;
  if (entry.at_key("index").get_uint64().get(index) != simdjson::SUCCESS || index >= objects) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(index);
}

// An entry's `type`, code or sentence; else its `message`; else the entry itself. A string is its
// own text.
std::string TextOf(dom::element entry, std::string_view api_key) {
  if (const auto text = ReadText(entry)) return CleanBrazeText(*text, api_key);
  dom::object object;
  if (entry.get_object().get(object) == simdjson::SUCCESS) {
    if (const auto type = ReadTextMember(object, "type")) return CleanBrazeText(*type, api_key);
    if (const auto message = ReadTextMember(object, "message")) {
      return CleanBrazeText(*message, api_key);
    }
  }
  return CleanBrazeText(simdjson::to_string(entry), api_key);
}

// Gathers the entries of `errors`.
class ErrorReader {
 public:
  ErrorReader(std::size_t objects, std::string_view api_key, AnswerBody* body)
      : objects_(objects), api_key_(api_key), body_(body), is_named_(objects, false) {}

  void Read(dom::element errors) {
    if (errors.is_null()) return;  // As good as absent.
    dom::array entries;
    if (errors.get_array().get(entries) != simdjson::SUCCESS) {
      AddUnnamed(errors);
      return;
    }
    for (const dom::element entry : entries) Add(entry);
    std::sort(body_->errors.begin(), body_->errors.end(),
              [](const NamedError& a, const NamedError& b) { return a.index < b.index; });
  }

 private:
  void Add(dom::element entry) {
    dom::object object;
    std::optional<std::size_t> index;
    if (entry.get_object().get(object) == simdjson::SUCCESS) index = ReadIndex(object, objects_);
    if (!index) {
      AddUnnamed(entry);
    } else if (!is_named_[*index]) {  // Several faults of one object: the first is kept.
      is_named_[*index] = true;
      body_->errors.push_back(NamedError{*index, TextOf(entry, api_key_)});
    }
  }

  void AddUnnamed(dom::element entry) {
    if (!body_->has_unnamed_error) body_->unnamed_text = TextOf(entry, api_key_);
    body_->has_unnamed_error = true;
  }

  std::size_t objects_;
  std::string_view api_key_;
  AnswerBody* body_;
  std::vector<bool> is_named_;
};

}  // namespace

AnswerBody ReadAnswerBody(std::string_view body, std::size_t objects, std::string_view api_key) {
  AnswerBody result;
  dom::parser parser;
  dom::object object;
  if (parser.parse(body.data(), body.size()).get_object().get(object) != simdjson::SUCCESS) {
    return result;
  }
  // Members are walked, not looked up: a second `errors` must not hide behind the first.
  int messages = 0;
  int error_lists = 0;
  for (const dom::key_value_pair member : object) {
    if (member.key == "message") {
      ++messages;
      result.message = ReadText(member.value).value_or("");
    } else if (member.key == "errors" && ++error_lists == 1) {
      ErrorReader(objects, api_key, &result).Read(member.value);
    }
  }
  if (messages > 1 || error_lists > 1) return AnswerBody{};
  result.is_contract = true;
  return result;
}

std::string CleanBrazeText(std::string_view text, std::string_view api_key) {
  // First the key, then the length: a cut through the key would leave most of it.
  std::string clean(text);
  if (!api_key.empty()) {
    constexpr std::string_view kCut = "[key]";
    for (std::size_t at = clean.find(api_key); at < limits::kReasonBytesMax;
         at = clean.find(api_key, at + kCut.size())) {
      clean.replace(at, api_key.size(), kCut);
    }
  }
  if (clean.size() > limits::kReasonBytesMax) {
    std::size_t end = limits::kReasonBytesMax;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) --end;
    clean.resize(end);
  }
  return clean;
}

}  // namespace peaksync
