#include "server/ledger/customer_state.h"

#include <cmath>

#include "server/ledger/codec.h"

namespace peaksync {
namespace {

constexpr std::uint8_t kFormat = 1;

// These numbers stand on disk and never change.
enum Tag : std::uint8_t {
  kTagUnknown = 0,
  kTagNull = 1,
  kTagFalse = 2,
  kTagTrue = 3,
  kTagInteger = 4,
  kTagDouble = 5,
  kTagShortText = 6,
  kTagText = 7,
  kTagList = 8,
  kTagObject = 9,
};

// What attributes of a row have in common.
struct Stamp {
  UnixNanos updated_at;
  UnixNanos confirmed_at;
  std::uint32_t source_id;
  std::uint64_t epoch;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp StampOf(const KnownAttribute& attribute) {
  return {attribute.updated_at, attribute.confirmed_at - attribute.confirmed_at % 1'000'000,
          attribute.source_id, attribute.epoch};
}

void PackValue(const KnownValue& value, PackedWriter& out) {
  if (value.unknown) return out.Byte(kTagUnknown);
  switch (value.type) {
    case ValueType::kNull:
      return out.Byte(kTagNull);
    case ValueType::kBool:
      return out.Byte(value.boolean ? kTagTrue : kTagFalse);
    case ValueType::kNumber:
      if (value.is_integer) {
        out.Byte(kTagInteger);
        return out.Signed(value.integer);
      }
      out.Byte(kTagDouble);
      return out.Double(value.real);
    case ValueType::kText:
      if (!value.is_fingerprint) {
        out.Byte(kTagShortText);
        return out.Bytes(value.text);
      }
      out.Byte(kTagText);
      return out.Fingerprint(value.fingerprint);
    case ValueType::kList:
      out.Byte(kTagList);
      return out.Fingerprint(value.fingerprint);
    case ValueType::kObject:
      out.Byte(kTagObject);
      return out.Fingerprint(value.fingerprint);
  }
}

bool UnpackValue(PackedReader& in, KnownValue* value) {
  const std::uint8_t tag = in.Byte();
  switch (tag) {
    case kTagUnknown:
      value->unknown = true;
      return true;
    case kTagNull:
      return true;
    case kTagFalse:
    case kTagTrue:
      value->type = ValueType::kBool;
      value->boolean = tag == kTagTrue;
      return true;
    case kTagInteger:
      value->type = ValueType::kNumber;
      value->is_integer = true;
      value->integer = in.Signed();
      return true;
    case kTagDouble:
      value->type = ValueType::kNumber;
      value->real = in.Double();
      return std::isfinite(value->real);
    case kTagShortText:
      value->type = ValueType::kText;
      value->text = in.Bytes();
      return true;
    case kTagText:
      value->type = ValueType::kText;
      value->is_fingerprint = true;
      value->fingerprint = in.Fingerprint();
      return true;
    case kTagList:
    case kTagObject:
      value->type = tag == kTagList ? ValueType::kList : ValueType::kObject;
      value->fingerprint = in.Fingerprint();
      return true;
    default:
      return false;
  }
}

double RoundedTo(double value, std::optional<int> round) {
  return round ? Value::Double(value).Rounded(*round).AsDouble() : value;
}

// A number of either kind, for comparing by exact mathematical value.
struct Number {
  bool is_integer;
  std::int64_t integer;
  double real;
};

Number NumberOf(const KnownValue& value, std::optional<int> round) {
  return {value.is_integer, value.integer, value.is_integer ? 0 : RoundedTo(value.real, round)};
}
Number NumberOf(const Value& value, std::optional<int> round) {
  if (value.is_integer()) return {true, value.integer(), 0};
  return {false, 0, RoundedTo(value.AsDouble(), round)};
}

bool SameNumber(const Number& a, const Number& b) {
  if (a.is_integer && b.is_integer) return a.integer == b.integer;
  if (!a.is_integer && !b.is_integer) return a.real == b.real;
  const double real = a.is_integer ? b.real : a.real;
  const std::int64_t integer = a.is_integer ? a.integer : b.integer;
  // 2^63 itself does not fit; every other double in range converts exactly.
  if (!(real >= -0x1p63 && real < 0x1p63) || real != std::trunc(real)) return false;
  return static_cast<std::int64_t>(real) == integer;
}

double Distance(const Number& a, const Number& b) {
  const auto real = [](const Number& n) {
    return n.is_integer ? static_cast<double>(n.integer) : n.real;
  };
  return std::fabs(real(a) - real(b));
}

}  // namespace

KnownValue KnownValue::Of(const Value& value) {
  KnownValue known;
  known.type = value.type();
  switch (value.type()) {
    case ValueType::kNull:
      break;
    case ValueType::kBool:
      known.boolean = value.json() == "true";
      break;
    case ValueType::kNumber:
      known.is_integer = value.is_integer();
      if (known.is_integer) {
        known.integer = value.integer();
      } else {
        known.real = value.AsDouble();
      }
      break;
    case ValueType::kText:
      if (value.json().size() <= kShortTextBytesMax) {
        known.text = value.json();
        break;
      }
      known.is_fingerprint = true;
      known.fingerprint = value.fingerprint();
      break;
    case ValueType::kList:
    case ValueType::kObject:
      known.fingerprint = value.fingerprint();
      break;
  }
  return known;
}

KnownValue KnownValue::Unknown() {
  KnownValue known;
  known.unknown = true;
  return known;
}

bool SameValue(const KnownValue& known, const Value& value, std::optional<int> round) {
  if (known.unknown || known.type != value.type()) return false;
  switch (known.type) {
    case ValueType::kNull:
      return true;
    case ValueType::kBool:
      return known.boolean == (value.json() == "true");
    case ValueType::kNumber:
      return SameNumber(NumberOf(known, round), NumberOf(value, round));
    case ValueType::kText:
      return known.is_fingerprint ? known.fingerprint == value.fingerprint()
                                  : known.text == value.json();
    case ValueType::kList:
    case ValueType::kObject:
      return known.fingerprint == value.fingerprint();
  }
  return false;
}

bool SameValue(const Value& a, const Value& b, std::optional<int> round) {
  if (a.type() == ValueType::kNumber && b.type() == ValueType::kNumber) {
    return SameNumber(NumberOf(a, round), NumberOf(b, round));
  }
  return a == b;
}

std::optional<double> Difference(const KnownValue& known, const Value& value,
                                 std::optional<int> round) {
  if (known.unknown || known.type != ValueType::kNumber || value.type() != ValueType::kNumber) {
    return std::nullopt;
  }
  return Distance(NumberOf(known, round), NumberOf(value, round));
}

std::optional<double> Difference(const Value& a, const Value& b, std::optional<int> round) {
  if (a.type() != ValueType::kNumber || b.type() != ValueType::kNumber) return std::nullopt;
  return Distance(NumberOf(a, round), NumberOf(b, round));
}

KnownAttribute* CustomerState::Find(std::uint32_t attribute_id) {
  for (KnownAttribute& attribute : attributes) {
    if (attribute.attribute_id == attribute_id) return &attribute;
  }
  return nullptr;
}

KnownAttribute& CustomerState::At(std::uint32_t attribute_id) {
  if (KnownAttribute* found = Find(attribute_id)) return *found;
  attributes.emplace_back();
  attributes.back().attribute_id = attribute_id;
  return attributes.back();
}

void CustomerState::Pack(std::string* out) const {
  absl::InlinedVector<Stamp, 8> stamps;
  absl::InlinedVector<std::size_t, 16> stamp_of;
  for (const KnownAttribute& attribute : attributes) {
    const Stamp stamp = StampOf(attribute);
    std::size_t index = 0;
    while (index < stamps.size() && !(stamps[index] == stamp)) ++index;
    if (index == stamps.size()) stamps.push_back(stamp);
    stamp_of.push_back(index);
  }
  out->clear();
  PackedWriter writer(out);
  writer.Byte(kFormat);
  writer.Number(stamps.size());
  for (const Stamp& stamp : stamps) {
    writer.Time(stamp.updated_at);
    writer.Time(stamp.confirmed_at);
    writer.Number(stamp.source_id);
    writer.Number(stamp.epoch);
  }
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    writer.Number(attributes[i].attribute_id);
    if (stamps.size() > 1) writer.Number(stamp_of[i]);
    PackValue(attributes[i].value, writer);
  }
}

absl::Status CustomerState::Unpack(std::string_view bytes, CustomerState* state) {
  PackedReader reader(bytes);
  state->attributes.clear();
  bool ok = reader.Byte() == kFormat;
  absl::InlinedVector<Stamp, 8> stamps;
  const std::uint64_t stamp_count = reader.Number();
  for (std::uint64_t i = 0; ok && reader.ok() && i < stamp_count; ++i) {
    Stamp stamp{};
    stamp.updated_at = reader.Time();
    stamp.confirmed_at = reader.Time();
    stamp.source_id = static_cast<std::uint32_t>(reader.Number());
    stamp.epoch = reader.Number();
    stamps.push_back(stamp);
  }
  while (ok && reader.ok() && !reader.AtEnd()) {
    KnownAttribute& attribute = state->attributes.emplace_back();
    attribute.attribute_id = static_cast<std::uint32_t>(reader.Number());
    const std::uint64_t index = stamps.size() > 1 ? reader.Number() : 0;
    ok = index < stamps.size() && UnpackValue(reader, &attribute.value);
    if (!ok) break;
    attribute.updated_at = stamps[index].updated_at;
    attribute.confirmed_at = stamps[index].confirmed_at;
    attribute.source_id = stamps[index].source_id;
    attribute.epoch = stamps[index].epoch;
  }
  if (!ok || !reader.ok()) {
    return absl::DataLossError("a customer's row in the ledger cannot be read");
  }
  return absl::OkStatus();
}

}  // namespace peaksync
