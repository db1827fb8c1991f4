#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/control/segment.h"
#include "mockbraze/users/profile_fields.h"

namespace mockbraze {
namespace {

// What is wrong; empty when all is well.
using Wrong = std::string;

constexpr char form[] =
    R"(must be {"attribute", "op", "value"}, {"attribute", "exists"}, {"attribute", "in"}, )"
    R"({"and"}, {"or"} or {"not"})";

constexpr std::array<std::pair<std::string_view, SegmentOp>, 6> ops = {
    {{"=", SegmentOp::kEqual},
     {"!=", SegmentOp::kNotEqual},
     {"<", SegmentOp::kLess},
     {"<=", SegmentOp::kLessOrEqual},
     {">", SegmentOp::kGreater},
     {">=", SegmentOp::kGreaterOrEqual}}};

bool HasExactly(const Value::Object& members, std::initializer_list<std::string_view> names) {
  return members.size() == names.size() && std::ranges::all_of(names, [&](std::string_view name) {
           return FindMember(members, name) != nullptr;
         });
}

bool IsComparable(const Value& value) {
  return value.string() || value.is_number() || value.boolean();
}

class Parser {
 public:
  explicit Parser(const NamePool& names) : names_(names) {}

  Wrong Read(const Value& value, const std::string& at, std::size_t depth, SegmentFilter* out) {
    if (++conditions_ > limits::segment_conditions_max) {
      return "the filter has more than " + std::to_string(limits::segment_conditions_max) +
             " conditions";
    }
    if (depth > limits::segment_depth_max) {
      return "the filter is nested deeper than " + std::to_string(limits::segment_depth_max);
    }
    const Value::Object* members = value.object();
    if (!members) return Quoted(at) + form;
    if (HasExactly(*members, {"and"})) return ReadAll(value, "and", at, depth, out);
    if (HasExactly(*members, {"or"})) return ReadAll(value, "or", at, depth, out);
    if (HasExactly(*members, {"not"})) {
      out->kind = SegmentFilter::Kind::kNot;
      return Read(*value.Find("not"), at + ".not", depth + 1, &out->children.emplace_back());
    }
    const bool known = HasExactly(*members, {"attribute", "op", "value"}) ||
                       HasExactly(*members, {"attribute", "exists"}) ||
                       HasExactly(*members, {"attribute", "in"});
    if (!known) return Quoted(at) + form;
    if (Wrong wrong = ReadName(*value.Find("attribute"), out); !wrong.empty()) {
      return Quoted(at + ".attribute") + wrong;
    }
    if (const Value* exists = value.Find("exists")) {
      out->kind = SegmentFilter::Kind::kExists;
      if (!exists->boolean()) return Quoted(at + ".exists") + "must be true or false";
      out->exists = *exists->boolean();
      return {};
    }
    if (const Value* in = value.Find("in")) return ReadIn(*in, at + ".in", out);
    return ReadComparison(*value.Find("op"), *value.Find("value"), at, out);
  }

 private:
  static std::string Quoted(const std::string& at) { return "'" + at + "' "; }

  Wrong ReadAll(const Value& value, const std::string& name, const std::string& at,
                std::size_t depth, SegmentFilter* out) {
    out->kind = name == "and" ? SegmentFilter::Kind::kAnd : SegmentFilter::Kind::kOr;
    const std::string here = at + "." + name;
    const Value::List* items = value.Find(name)->list();
    if (!items || items->empty()) return Quoted(here) + "must be a list of one filter or more";
    for (std::size_t i = 0; i < items->size(); ++i) {
      const std::string place = here + "[" + std::to_string(i) + "]";
      SegmentFilter& child = out->children.emplace_back();
      if (Wrong wrong = Read((*items)[i], place, depth + 1, &child); !wrong.empty()) return wrong;
    }
    return {};
  }

  Wrong ReadName(const Value& value, SegmentFilter* out) const {
    if (!value.string() || value.string()->empty()) return "must be a name";
    const std::string& name = *value.string();
    const auto parts = Split(name, '.');
    const NameKind kind = KindOf(parts[0]);
    if (kind == NameKind::kProfile || name == "external_id") {
      out->places.push_back(
          {std::nullopt, std::string(parts[0]), {parts.begin() + 1, parts.end()}});
      return {};
    }
    if (kind != NameKind::kCustom) {
      return "must be external_id, a profile field, a custom attribute, or a path into one";
    }
    // A name may have dots itself, so the longest name that there is comes first.
    for (std::size_t root = parts.size(); root > 0; --root) {
      const char* end = parts[root - 1].data() + parts[root - 1].size();
      const auto id = names_.Find(std::string(name.data(), end));
      const auto rest = parts.begin() + static_cast<std::ptrdiff_t>(root);
      if (id) out->places.push_back({id, {}, {rest, parts.end()}});
    }
    return {};
  }

  static Wrong ReadComparison(const Value& op, const Value& value, const std::string& at,
                              SegmentFilter* out) {
    out->kind = SegmentFilter::Kind::kCompare;
    const auto found =
        std::ranges::find_if(ops, [&](const auto& entry) { return op == Value(entry.first); });
    if (found == ops.end()) return Quoted(at + ".op") + "must be one of =, !=, <, <=, >, >=";
    out->op = found->second;
    if (!IsComparable(value)) {
      return Quoted(at + ".value") + "must be a text, a number, true or false";
    }
    out->value = value;
    if (value.string()) out->time = ParseDate(*value.string());
    return {};
  }

  Wrong ReadIn(const Value& value, const std::string& at, SegmentFilter* out) {
    out->kind = SegmentFilter::Kind::kIn;
    const Value::List* items = value.list();
    if (!items || !std::ranges::all_of(*items, IsComparable)) {
      return Quoted(at) + "must be a list of texts, numbers, true or false";
    }
    for (const Value& item : *items) {
      if (const auto* text = item.string()) {
        out->texts.push_back(*text);
        if (const auto time = ParseDate(*text)) out->times.push_back(*time);
      } else {
        out->others.push_back(item);
      }
    }
    texts_ += out->texts.size();
    conditions_ += out->others.size();  // Each is compared by itself.
    if (texts_ > limits::segment_texts_max || conditions_ > limits::segment_conditions_max) {
      return Quoted(at) + "has too many values: at most " +
             std::to_string(limits::segment_texts_max) + " texts, and " +
             std::to_string(limits::segment_conditions_max) +
             " others and conditions, in the whole filter";
    }
    std::ranges::sort(out->texts);
    std::ranges::sort(out->times);
    return {};
  }

  const NamePool& names_;
  std::size_t conditions_ = 0;
  std::size_t texts_ = 0;
};

}  // namespace

Result<SegmentFilter> ParseSegment(const Value& filter, const NamePool& names) {
  SegmentFilter out;
  const Wrong wrong = Parser(names).Read(filter, "filter", 1, &out);
  if (!wrong.empty()) return Result<SegmentFilter>::Fail(wrong);
  return Result<SegmentFilter>::Ok(std::move(out));
}

}  // namespace mockbraze
