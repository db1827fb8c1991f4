#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/row_source.h"
#include "tests/fuzz/promise.h"

namespace peaksync::client {

using Open =
    std::function<absl::StatusOr<std::unique_ptr<RowSource>>(ByteSource&, std::string, RowOptions)>;

// All that a file gives, as text: its rows, what is refused, and how it ends.
inline std::string ReadRows(const Open& open, const std::string& file, std::size_t piece) {
  RowOptions options;
  options.id_column = "id";
  options.updated_at_column = file.find("scored_at") != std::string::npos ? "scored_at" : "";
  StringSource bytes(file, piece);
  const auto rows = open(bytes, "file", options);
  if (!rows.ok()) return rows.status().ToString();
  std::string seen = (*rows)->RejectsHeader();
  for (const std::string& note : (*rows)->notes()) seen += note;
  v1::CustomerUpdate update;
  RowInfo info;
  for (;;) {
    info = {};
    const auto row = (*rows)->Next(&update, &info);
    if (!row.ok()) return seen + row.status().ToString();
    if (*row == RowSource::Row::kEnd) return seen;
    if (*row == RowSource::Row::kUpdate) seen += update.DebugString();
    if (*row == RowSource::Row::kInvalid) {
      Promise(!info.reason.empty(), "a refused row says why");
      const std::string line = (*rows)->RejectsLine(info, (*rows)->RowText());
      Promise(!line.empty(), "a refused row can be written down");
      seen += line;
    }
    seen += '\n';
  }
}

// The same rows, however the bytes come.
inline void CheckRows(const Open& open, const std::uint8_t* data, std::size_t size) {
  const std::string file(reinterpret_cast<const char*>(data), size);
  const std::string whole = ReadRows(open, file, SIZE_MAX);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    Promise(ReadRows(open, file, piece) == whole, "rows do not depend on the pieces", whole);
  }
}

}  // namespace peaksync::client
