#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace peaksync::log {

// INFO: a normal event of life. WARN: unexpected, but nothing is lost. ERROR: a person is needed.
enum class Level { kDebug, kInfo, kWarn, kError };

// One member of a log line. Never a secret, a customer's identifier or an attribute's value
// (docs/design.md, rule 9): names of tenants, sources, runs, counts and reasons of ours only.
struct Field {
  std::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
};

// Lines below `level` are dropped from now on. Default: kInfo.
void SetLevel(Level level);

// Writes one JSON line to stderr: {"time":…,"level":…,"message":…, fields…}. `message` is a
// sentence with a capital and a full stop. Thread safety: safe for concurrent use.
void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void Info(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kInfo, message, fields);
}
inline void Warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kWarn, message, fields);
}
inline void Error(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kError, message, fields);
}

}  // namespace peaksync::log
