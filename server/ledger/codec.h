#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"

namespace peaksync {

// Writes the ledger's packed rows: little-endian base-128 numbers, and bytes with their length.
class PackedWriter {
 public:
  explicit PackedWriter(std::string* out) : out_(out) {}

  void Byte(std::uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void Number(std::uint64_t value) {
    while (value >= 0x80) {
      Byte(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    Byte(static_cast<std::uint8_t>(value));
  }
  void Signed(std::int64_t value) { Number(ZigZag(value)); }
  void Bytes(std::string_view bytes) {
    Number(bytes.size());
    out_->append(bytes);
  }
  void Double(double value) { Raw(&value, sizeof value); }
  void Fingerprint(absl::uint128 value) {
    const std::uint64_t halves[2] = {absl::Uint128Low64(value), absl::Uint128High64(value)};
    Raw(halves, sizeof halves);
  }
  // Nanoseconds, in the coarsest unit that holds them exactly: most times are whole seconds.
  void Time(std::int64_t nanos) {
    std::uint64_t unit = 0;
    while (nanos % kTimeUnits[unit] != 0) ++unit;
    if (unit == kNanosecond) {  // Would not leave two bits for the unit.
      Number(kNanosecond);
      Signed(nanos);
    } else {
      Number(ZigZag(nanos / kTimeUnits[unit]) << 2 | unit);
    }
  }

  static constexpr std::int64_t kTimeUnits[] = {1'000'000'000, 1'000'000, 1'000, 1};
  static constexpr std::uint64_t kNanosecond = 3;

 private:
  static std::uint64_t ZigZag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  }
  void Raw(const void* bytes, std::size_t size) {
    out_->append(static_cast<const char*>(bytes), size);
  }
  std::string* out_;
};

// Reads what PackedWriter wrote. Reading past the end, or a malformed number, makes ok() false for
// good and yields zeros; so a damaged row is found by one check at the end.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return bytes_.empty(); }

  std::uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<std::uint8_t>(byte[0]);
  }
  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = Byte();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t Signed() { return FromZigZag(Number()); }
  std::string_view Bytes() { return Take(Number()); }
  double Double() {
    double value = 0;
    Raw(&value, sizeof value);
    return value;
  }
  absl::uint128 Fingerprint() {
    std::uint64_t halves[2] = {0, 0};
    Raw(halves, sizeof halves);
    return absl::MakeUint128(halves[1], halves[0]);
  }
  std::int64_t Time() {
    const std::uint64_t coded = Number();
    if ((coded & 3) == PackedWriter::kNanosecond) return Signed();
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(FromZigZag(coded >> 2), PackedWriter::kTimeUnits[coded & 3],
                               &nanos)) {
      ok_ = false;
    }
    return nanos;
  }

 private:
  static std::int64_t FromZigZag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view Take(std::uint64_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  void Raw(void* out, std::size_t size) {
    const std::string_view taken = Take(size);
    if (taken.size() == size) std::memcpy(out, taken.data(), size);
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace peaksync
