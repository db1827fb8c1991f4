#include "server/ledger/outbox_row.h"

#include <algorithm>
#include <utility>

#include "server/ledger/codec.h"

namespace peaksync {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kJoined = 0x80;  // Beside the ValueType.

void Write(const Customer& customer, PackedWriter& out) {
  out.Byte(static_cast<std::uint8_t>(customer.kind));
  out.Bytes(customer.id);
  out.Bytes(customer.label);
}

bool Read(PackedReader& in, Customer* customer) {
  const std::uint8_t kind = in.Byte();
  customer->kind = static_cast<IdentifierKind>(kind);
  customer->id = in.Bytes();
  customer->label = in.Bytes();
  return kind >= static_cast<std::uint8_t>(IdentifierKind::kExternalId) &&
         kind <= static_cast<std::uint8_t>(IdentifierKind::kPhone);
}

}  // namespace

std::string PackCustomer(const Customer& customer) {
  std::string packed;
  PackedWriter writer(&packed);
  Write(customer, writer);
  return packed;
}

absl::StatusOr<Customer> UnpackCustomer(std::string_view bytes) {
  PackedReader reader(bytes);
  Customer customer;
  if (Read(reader, &customer) && reader.ok() && reader.AtEnd()) return customer;
  return absl::DataLossError("a customer of the ledger cannot be read");
}

void OutboxRow::Remove(std::span<const std::uint32_t> attribute_ids) {
  std::erase_if(attributes, [&](const Attribute& attribute) {
    return std::ranges::find(attribute_ids, attribute.attribute_id) != attribute_ids.end();
  });
}

void OutboxRowPacker::Add(std::uint32_t attribute_id, bool joined, const Value& value) {
  PackedWriter writer(&values_);
  writer.Number(attribute_id);
  writer.Byte(
      static_cast<std::uint8_t>(static_cast<std::uint8_t>(value.type()) | (joined ? kJoined : 0)));
  writer.Bytes(value.json());
}

void OutboxRowPacker::Finish(const OutboxRow& row, std::string* out) const {
  out->clear();
  PackedWriter writer(out);
  writer.Byte(kFormat);
  Write(row.customer, writer);
  writer.Number(row.source_id);
  writer.Time(row.updated_at);
  writer.Time(row.forced_since);
  writer.Number(static_cast<std::uint64_t>(row.attempts));
  out->append(values_);
}

void OutboxRow::Pack(std::string* out) const {
  OutboxRowPacker packer;
  for (const Attribute& attribute : attributes) {
    packer.Add(attribute.attribute_id, attribute.joined, attribute.value);
  }
  packer.Finish(*this, out);
}

absl::StatusOr<OutboxRow> OutboxRow::Unpack(std::string_view bytes) {
  PackedReader reader(bytes);
  OutboxRow row;
  bool ok = reader.Byte() == kFormat;
  ok = Read(reader, &row.customer) && ok;
  row.source_id = static_cast<std::uint32_t>(reader.Number());
  row.updated_at = reader.Time();
  row.forced_since = reader.Time();
  row.attempts = static_cast<std::int32_t>(reader.Number());
  while (ok && reader.ok() && !reader.AtEnd()) {
    Attribute& attribute = row.attributes.emplace_back();
    attribute.attribute_id = static_cast<std::uint32_t>(reader.Number());
    const std::uint8_t type = reader.Byte();
    attribute.joined = (type & kJoined) != 0;
    ok = Value::FromJson(static_cast<ValueType>(type & ~kJoined), std::string(reader.Bytes()),
                         &attribute.value);
  }
  if (!ok || !reader.ok()) return absl::DataLossError("a row of the outbox cannot be read");
  return row;
}

}  // namespace peaksync
