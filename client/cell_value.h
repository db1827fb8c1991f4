#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "client/column_types.h"
#include "peaksync/v1/customer.pb.h"

namespace peaksync::client {

// How the cells of a column are read.
struct CellRule {
  ColumnType type = ColumnType::kString;
  // From --types: digits with leading zeros are numbers then, because a person said so.
  bool is_explicit = false;
};

// Converts CSV cells into values. Holds a JSON parser, so that cells of type `json` reuse it.
//
// Thread safety: none.
class CellConverter {
 public:
  CellConverter();
  ~CellConverter();
  CellConverter(const CellConverter&) = delete;
  CellConverter& operator=(const CellConverter&) = delete;

  // Converts `cell`, which is not empty and valid UTF-8. INVALID_ARGUMENT says why it does not fit;
  // it does not repeat the cell.
  absl::Status Convert(CellRule rule, std::string_view cell, v1::Value* out);

 private:
  class Json;

  std::unique_ptr<Json> json_;  // Made when first needed.
};

}  // namespace peaksync::client
