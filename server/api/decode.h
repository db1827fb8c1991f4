#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peaksync/v1/customer.pb.h"
#include "peaksync/v1/sync_service.pb.h"
#include "server/domain/update.h"
#include "server/rules/attribute_catalog.h"

namespace peaksync {

// What an update is decoded against. Borrowed for the call; the catalog lives as long as the
// result.
struct DecodeContext {
  AttributeCatalog& catalog;
  std::string_view source;
  UnixNanos default_updated_at;
  UnixNanos now;  // The service's clock.
};

// Decodes and validates the update at `index` of its batch (docs/design.md section 4). Pure but for
// the catalog. The result is what the ledger decides on:
// - A usable update has its valid values in `values`, the others in `invalid`; whether invalid ones
//   take the valid ones with them (`on_invalid`) is for the ledger.
// - A fault of the whole update is explained by the first of `invalid`, with whole_update set and
//   named "customer", "updated_at" or "attributes", and no value is valid. Unless the customer is
//   at fault, its attributes follow with their values, so that rejections can be kept: at most the
//   first limits::kUpdateAttributesMax, however many there are.
// - So the number of invalid values is always received_values - values.size().
// - InvalidValue::json is empty where JSON can't carry what was given, or not in 100,000 bytes:
// such
//   a value can't be retried and has to be sent again. The same goes for a customer's fault.
PreparedUpdate DecodeUpdate(const v1::CustomerUpdate& update, std::uint32_t index,
                            const DecodeContext& context);

// Why `given` names no customer; nothing: it does, and *customer is it.
std::optional<std::string> DecodeCustomer(const v1::Customer& given, Customer* customer);

// Why a batch may not be taken in at all: too many updates, too many bytes, or none. Nothing: it
// may.
std::optional<std::string> CheckBatch(const v1::UpdateBatch& batch);

}  // namespace peaksync
