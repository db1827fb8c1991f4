#pragma once

#include <istream>
#include <ostream>

namespace peaksync::client {

// Where a command writes: its result to `out`, everything else to `err`. Customers and their values
// go to `out` only: `err` often ends in a log.
//
// Lifetime: the streams must outlive it.
struct Output {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  // Where a person can be asked; null when nobody is there.
  std::istream* answers = nullptr;
};

}  // namespace peaksync::client
