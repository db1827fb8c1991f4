#include "mockbraze/workspace/stubs.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

constexpr char form[] =
    "a stub is {\"method\": \"POST\", \"path\": \"/…\", \"status\": 200, \"headers\": {name: "
    "text}, "
    "\"body\": JSON or text, \"times\": N}: ";

// A header that would end the head, or another one, early.
bool IsHeaderName(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7F &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool IsHeaderText(const std::string& text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string ReadHeaders(const Value& value, Headers* headers) {
  if (!value.object()) return "'headers' must be an object of texts";
  for (const Value::Member& member : *value.object()) {
    const auto* text = member.value.string();
    if (!text || !IsHeaderName(member.name) || !IsHeaderText(*text)) {
      return "'headers' must have names as HTTP has them, and texts without line ends";
    }
    const std::string name = ToLower(member.name);
    if (name == "content-length" || name == "transfer-encoding" || name == "connection") {
      return "'headers' must not have " + name + ", which is the server's";
    }
    headers->emplace_back(name, *text);
  }
  return {};
}

std::string ReadMember(const Value::Member& member, Stub* stub) {
  const Value& value = member.value;
  if (member.name == "method" || member.name == "path") {
    if (!value.string() || value.string()->empty()) return "'" + member.name + "' must be a text";
    (member.name == "path" ? stub->path : stub->method) = *value.string();
    std::ranges::transform(stub->method, stub->method.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return {};
  }
  if (member.name == "status") {
    if (!value.integer() || *value.integer() < 200 || *value.integer() > 599) {
      return "'status' must be from 200 to 599";
    }
    stub->status = static_cast<int>(*value.integer());
    return {};
  }
  if (member.name == "headers") return ReadHeaders(value, &stub->headers);
  if (member.name == "body") {
    stub->body = value.string() ? *value.string() : ToJson(value);
    return {};
  }
  if (member.name == "times") {
    if (!value.integer() || *value.integer() < 1) return "'times' must be a number from 1 on";
    stub->times = static_cast<std::uint64_t>(*value.integer());
    return {};
  }
  return "unknown '" + ToValidUtf8(member.name) + "'";
}

}  // namespace

Result<Stub> ReadStub(const Value& value) {
  if (!value.object()) return Result<Stub>::Fail(std::string(form) + "not an object");
  Stub stub;
  stub.method = "POST";
  for (const Value::Member& member : *value.object()) {
    if (const std::string wrong = ReadMember(member, &stub); !wrong.empty()) {
      return Result<Stub>::Fail(form + wrong);
    }
  }
  if (!stub.path.starts_with('/') || stub.path.find('?') != std::string::npos ||
      stub.path.starts_with("/_mock") || stub.path == "/") {
    return Result<Stub>::Fail(std::string(form) +
                              "'path' must begin with /, not with /_mock, and have no query");
  }
  if (!FindHeader(stub.headers, "content-type")) {
    stub.headers.emplace_back("content-type", "application/json");
  }
  return Result<Stub>::Ok(std::move(stub));
}

Value ToValue(const Stub& stub) {
  Value::Object headers;
  for (const auto& [name, text] : stub.headers) headers.push_back({name, text});
  return Value::Object{
      {"method", stub.method}, {"path", stub.path},
      {"status", stub.status}, {"headers", std::move(headers)},
      {"body", stub.body},     {"times", stub.times ? Value(*stub.times) : Value()}};
}

bool Stubs::Add(Stub stub) {
  const std::lock_guard lock(mutex_);
  if (stubs_.size() >= limits::stubs_max) return false;
  stubs_.push_back(std::move(stub));
  return true;
}

std::optional<Response> Stubs::Answer(const std::string& method, const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (auto stub = stubs_.rbegin(); stub != stubs_.rend(); ++stub) {
    if (stub->path != path || stub->method != method) continue;
    Response response;
    response.status = stub->status;
    response.headers = stub->headers;
    response.body = stub->body;
    if (stub->times && --*stub->times == 0) stubs_.erase(std::next(stub).base());
    return response;
  }
  return std::nullopt;
}

std::vector<Stub> Stubs::all() const {
  const std::lock_guard lock(mutex_);
  return stubs_;
}

void Stubs::Reset() {
  const std::lock_guard lock(mutex_);
  stubs_.clear();
}

}  // namespace mockbraze
