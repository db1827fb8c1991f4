#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ledger/sqlite/database.h"

namespace peaksync {

// Bytes that are bound as a BLOB; a string_view is bound as TEXT. Both must live until the step.
struct Blob {
  std::string_view bytes;
};

// A prepared statement, kept for as long as its database.
//
// Use: `Bind(…)`, then `Step()` while it returns true and the columns are read, then `Reset()`; or
// `Run(…)`, which does all of it for statements whose rows are not read.
// Thread safety: none; that of its database.
class Statement {
 public:
  // `sql` is a literal of ours, never input.
  static absl::StatusOr<Statement> Prepare(const Database& database, const char* sql);

  // Binds ?1, ?2, … in order: integers, enums, string_view, Blob, or an optional of these (NULL).
  template <typename... Args>
  absl::Status Bind(const Args&... args) {
    int index = 0;
    int code = SQLITE_OK;
    ((code = code == SQLITE_OK ? BindOne(++index, args) : code), ...);
    return code == SQLITE_OK ? absl::OkStatus() : Error(code, "bind");
  }

  // Whether there is a row to read.
  absl::StatusOr<bool> Step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return Error(code, "step");
  }

  void Reset() { sqlite3_reset(statement_.get()); }

  // Binds, steps once and resets. Whether a row came back.
  template <typename... Args>
  absl::StatusOr<bool> Run(const Args&... args) {
    const auto reset = absl::MakeCleanup([this] { Reset(); });
    if (absl::Status bound = Bind(args...); !bound.ok()) return bound;
    return Step();
  }

  // Columns of the row, from 0. Views live until the next step or reset.
  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::optional<std::int64_t> OptionalInteger(int column) const {
    if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
    return Integer(column);
  }
  std::string_view Text(int column) const {
    const auto* text = sqlite3_column_text(statement_.get(), column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text), Size(column)};
  }
  std::string_view Bytes(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes), Size(column)};
  }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::size_t Size(int column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  }
  absl::Status Error(int code, std::string_view what) const;

  template <typename T>
  int BindOne(int index, const std::optional<T>& value) {
    return value ? BindOne(index, *value) : sqlite3_bind_null(statement_.get(), index);
  }
  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) int BindOne(int index, T value) {
    return sqlite3_bind_int64(statement_.get(), index, static_cast<std::int64_t>(value));
  }
  int BindOne(int index, std::string_view text) {
    return sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  int BindOne(int index, Blob blob) {
    return sqlite3_bind_blob64(statement_.get(), index, blob.bytes.data() ? blob.bytes.data() : "",
                               blob.bytes.size(), SQLITE_STATIC);
  }

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

}  // namespace peaksync
