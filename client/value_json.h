#pragma once

#include <string>
#include <string_view>

#include "peaksync/v1/customer.pb.h"

// Values as text. Pure.
namespace peaksync::client {

// As JSON on one line, so that `push` of JSON Lines reads the same value back: 14 and 14.0 stay
// what they are; a timestamp becomes a string. `null` also where no kind is set.
std::string JsonText(const v1::Value& value);

// A JSON string. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(std::string_view text);

// As a cell of CSV, not quoted yet: strings and times as they are, others as JSON.
std::string CellText(const v1::Value& value);

}  // namespace peaksync::client
