#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "client/byte_source.h"
#include "client/column_types.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

enum class FileFormat : std::uint8_t { kCsv, kJsonLines };

// Which of Braze's identifiers the id column holds.
enum class IdKind : std::uint8_t { kExternalId, kBrazeId, kEmail, kPhone, kUserAlias };

// How rows become updates.
struct RowOptions {
  std::string id_column;
  IdKind id_kind = IdKind::kExternalId;
  std::string alias_label;           // kUserAlias only.
  std::vector<std::string> columns;  // Only these become attributes; empty: all.
  std::vector<std::string> exclude;  // But these don't.
  std::string updated_at_column;     // Empty: none. Never an attribute.
  bool use_updated_at = true;        // False: the column is only left out.
  absl::flat_hash_map<std::string, ColumnType> types;
  std::optional<std::string> null_value;  // CSV: a cell with this text unsets the attribute.
};

// Where a row stands, and what is wrong with it.
struct RowInfo {
  std::int64_t line = 0;
  // Of an invalid row: the column at fault (empty: the row as a whole) and the reason, which never
  // repeats the value.
  std::string column;
  std::string reason;
};

// The rows of a file as updates, one after the other, in constant memory.
//
// Thread safety: none.
class RowSource {
 public:
  enum class Row : std::uint8_t {
    kUpdate,   // `update` is filled.
    kInvalid,  // The row is not to be sent; `info` says why. `update` holds nonsense.
    kEmpty,    // The row has a customer and no value.
    kEnd,
  };

  virtual ~RowSource() = default;

  // The next row. `update` is overwritten; giving the same messages again saves allocations. Errors
  // end the file: INVALID_ARGUMENT when it is not what it should be, with name and line.
  virtual absl::StatusOr<Row> Next(v1::CustomerUpdate* update, RowInfo* info) = 0;

  // How much of the file has been read, in bytes.
  virtual std::int64_t bytes_read() const = 0;
  // Things a person should know before anything is sent, such as a column that is left out.
  virtual const std::vector<std::string>& notes() const = 0;

  // What a file of refused rows consists of, all without line ends: its first line (may be empty);
  // the text of the row that Next() gave last; and a line made of such a text and what is wrong.
  virtual std::string RejectsHeader() const = 0;
  virtual std::string RowText() const = 0;
  virtual std::string RejectsLine(const RowInfo& info, std::string_view row_text) const = 0;
  // Such a line for a value that Braze refused later: which row it came from is not known any more
  // (line 0), so it is a row of that customer, that time and that value alone, which can be mended
  // and pushed like the others. The value is left out where no column has the attribute's name.
  virtual std::string RejectionLine(const v1::Rejection& rejection) const = 0;
};

// Looks at the head of the file (its first 10,000 rows) and stands before the first row then.
// INVALID_ARGUMENT, with `name` and the line, when the file can't be pushed: no such column, a
// column named twice, identifiers that became floats, integers beyond 64 bits without --types.
//
// Lifetime: `bytes` must outlive the result.
absl::StatusOr<std::unique_ptr<RowSource>> OpenCsv(ByteSource& bytes, std::string name,
                                                   RowOptions options);
// The same for JSON Lines. --types takes `timestamp` only, --null-value is refused: JSON has types.
absl::StatusOr<std::unique_ptr<RowSource>> OpenJsonLines(ByteSource& bytes, std::string name,
                                                         RowOptions options);

}  // namespace peaksync::client
