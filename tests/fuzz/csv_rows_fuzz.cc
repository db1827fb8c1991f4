// The reader of CSV files. An input is a file whose identifiers are in the column or member `id`.

#include "tests/fuzz/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  peaksync::client::CheckRows(peaksync::client::OpenCsv, data, size);
  return 0;
}
