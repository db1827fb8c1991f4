#include "tests/simulation/request_body.h"

#include <algorithm>
#include <cctype>
#include <functional>

namespace peaksync::simulation {
namespace {

// A reader of JSON that keeps values as they are written. The first fault ends it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool failed() const { return !fault_.empty(); }
  const std::string& fault() const { return fault_; }
  void Fail(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    at_ = text_.size();
  }
  bool AtEnd() const { return at_ == text_.size(); }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void Expect(char c) {
    if (!Take(c)) Fail(std::string("expected ") + c);
  }
  // With its quotes; escapes stay.
  std::string_view Text() {
    const std::size_t start = at_;
    Expect('"');
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      Fail("an open string");
      return {};
    }
    ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string_view Name() {
    const std::string_view text = Text();
    return text.size() < 2 ? text : text.substr(1, text.size() - 2);
  }
  void Members(const std::function<void(std::string_view name)>& member) {
    Expect('{');
    if (Take('}')) return;
    do {
      const std::string_view name = Name();
      Expect(':');
      if (failed()) return;
      member(name);
    } while (Take(','));
    Expect('}');
  }
  void Elements(const std::function<void()>& element) {
    Expect('[');
    if (Take(']')) return;
    do {
      if (failed()) return;
      element();
    } while (Take(','));
    Expect(']');
  }
  // Any value. Inside of objects no operator may stand.
  std::string_view Value() {
    const std::size_t start = at_;
    if (at_ == text_.size()) {
      Fail("a value is missing");
    } else if (text_[at_] == '"') {
      Text();
    } else if (text_[at_] == '{') {
      Members([this](std::string_view name) {
        const bool executes = name == "inc" || name == "add" || name == "remove" ||
                              name == "update" || (name.starts_with('$') && name != "$time");
        if (executes) Fail("an object with the operator " + std::string(name));
        Value();
      });
    } else if (text_[at_] == '[') {
      Elements([this] { Value(); });
    } else {
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                    text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.')) {
        ++at_;
      }
      if (at_ == start) Fail("no value");
    }
    return failed() ? std::string_view() : text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

std::string Unquoted(std::string_view text) {
  return std::string(text.size() < 2 ? text : text.substr(1, text.size() - 2));
}

std::string ReadAlias(Reader& reader) {
  std::string name;
  std::string label;
  reader.Members([&](std::string_view member) {
    (member == "alias_name" ? name : label) = Unquoted(reader.Text());
  });
  return "alias:" + name + "/" + label;
}

void AddMember(Reader& reader, std::string_view name, SentObject& object) {
  const bool plain = name == "external_id" || name == "braze_id" || name == "phone";
  if (plain || name == "email" || name == "user_alias") {
    if (!object.customer.empty()) return reader.Fail("two identifiers");
    if (name == "user_alias") {
      object.customer = ReadAlias(reader);
      return;
    }
    std::string id = Unquoted(reader.Text());
    if (name == "email") {
      std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::tolower(c); });
    }
    object.customer = std::string(name) + ":" + id;
    return;
  }
  const std::string_view value = reader.Value();
  if (name == "_update_existing_only") {
    object.existing_only = value;
    return;
  }
  if (name.starts_with('_')) return reader.Fail("a member " + std::string(name));
  if (!object.values.emplace(name, value).second) reader.Fail("an attribute twice");
}

}  // namespace

std::optional<std::vector<SentObject>> ReadRequestBody(std::string_view body, std::string* fault) {
  Reader reader(body);
  std::vector<SentObject> objects;
  reader.Members([&](std::string_view name) {
    if (name != "attributes") return reader.Fail("a member " + std::string(name));
    reader.Elements([&] {
      SentObject& object = objects.emplace_back();
      reader.Members([&](std::string_view member) { AddMember(reader, member, object); });
      if (object.customer.empty()) reader.Fail("no identifier");
      if (object.values.empty()) reader.Fail("no attribute");
    });
  });
  if (!reader.AtEnd()) reader.Fail("more after the end");
  if (objects.empty()) reader.Fail("no object");
  if (reader.failed()) {
    *fault = reader.fault();
    return std::nullopt;
  }
  return objects;
}

}  // namespace peaksync::simulation
