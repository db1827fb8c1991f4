#pragma once

#include <string_view>

#include "peaksync/v1/customer.pb.h"
#include "server/domain/customer.h"

namespace peaksync {

// Writes a value that a rejection has kept as JSON (GivenJson of decode_value.h): numbers exactly,
// times as the text they became. False, and *value has no kind, when there is none.
bool EncodeValue(std::string_view json, v1::Value* value);

void EncodeCustomer(const Customer& customer, v1::Customer* message);

}  // namespace peaksync
