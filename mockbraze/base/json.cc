#include "mockbraze/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mockbraze {
namespace {

bool SameMembers(const Value::Object& a, const Value::Object& b) {
  if (a.size() != b.size()) return false;
  bool same_order = true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name) {
      same_order = false;
      break;
    }
    if (!(a[i].value == b[i].value)) return false;
  }
  if (same_order) return true;
  // Another order: sort views of both, so that a large object costs n log n.
  auto sorted = [](const Value::Object& members) {
    std::vector<const Value::Member*> view;
    view.reserve(members.size());
    for (const Value::Member& member : members) view.push_back(&member);
    std::ranges::sort(view, {},
                      [](const Value::Member* m) -> const std::string& { return m->name; });
    return view;
  };
  return std::ranges::equal(sorted(a), sorted(b), [](const auto* x, const auto* y) {
    return x->name == y->name && x->value == y->value;
  });
}

template <typename T>
void AppendNumber(T number, std::string* out) {
  std::array<char, 40> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out->append(buffer.data(), end);
}

void AppendDouble(double number, std::string* out) {
  if (!std::isfinite(number)) {
    out->append("null");
    return;
  }
  const std::size_t start = out->size();
  AppendNumber(number, out);
  if (out->find_first_of(".e", start) == std::string::npos) out->append(".0");
}

}  // namespace

double Value::AsDouble() const {
  if (const auto* i = integer()) return static_cast<double>(*i);
  if (const auto* u = big_integer()) return static_cast<double>(*u);
  if (const auto* d = real()) return *d;
  return 0;
}

const Value* Value::Find(std::string_view name) const {
  const Object* members = object();
  return members ? FindMember(*members, name) : nullptr;
}

bool operator==(const Value& a, const Value& b) {
  if (a.data_.index() != b.data_.index()) return false;
  if (const auto* members = a.object()) return SameMembers(*members, *b.object());
  if (const auto* items = a.list()) return *items == *b.list();
  if (const auto* text = a.string()) return *text == *b.string();
  if (const auto* real = a.real()) return *real == *b.real();
  if (const auto* integer = a.integer()) return *integer == *b.integer();
  if (const auto* big = a.big_integer()) return *big == *b.big_integer();
  if (const auto* boolean = a.boolean()) return *boolean == *b.boolean();
  return true;
}

const Value* FindMember(const Value::Object& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &Value::Member::name);
  return found == members.end() ? nullptr : &found->value;
}

Value* FindMember(Value::Object& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &Value::Member::name);
  return found == members.end() ? nullptr : &found->value;
}

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char hex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
          out->append("\\u00");
          out->push_back(hex[byte >> 4]);
          out->push_back(hex[byte & 0xF]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

void AppendJson(const Value& value, std::string* out) {
  if (const auto* text = value.string()) {
    AppendJsonString(*text, out);
  } else if (const auto* integer = value.integer()) {
    AppendNumber(*integer, out);
  } else if (const auto* big = value.big_integer()) {
    AppendNumber(*big, out);
  } else if (const auto* real = value.real()) {
    AppendDouble(*real, out);
  } else if (const auto* boolean = value.boolean()) {
    out->append(*boolean ? "true" : "false");
  } else if (const auto* items = value.list()) {
    out->push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJson((*items)[i], out);
    }
    out->push_back(']');
  } else if (const auto* members = value.object()) {
    out->push_back('{');
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJsonString((*members)[i].name, out);
      out->push_back(':');
      AppendJson((*members)[i].value, out);
    }
    out->push_back('}');
  } else {
    out->append("null");
  }
}

std::string ToJson(const Value& value) {
  std::string text;
  AppendJson(value, &text);
  return text;
}

std::size_t BytesOf(const Value& value) {
  if (const auto* text = value.string()) return text->size();
  if (const auto* members = value.object()) return BytesOf(*members);
  std::size_t bytes = 0;
  if (const auto* items = value.list()) {
    for (const Value& item : *items) bytes += sizeof(Value) + BytesOf(item);
  }
  return bytes;
}

std::size_t BytesOf(const Value::Object& members) {
  std::size_t bytes = 0;
  for (const Value::Member& member : members) {
    bytes += sizeof(Value::Member) + member.name.size() + BytesOf(member.value);
  }
  return bytes;
}

}  // namespace mockbraze
