#include "server/ledger/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace peaksync {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Codec, ReadsBackNumbersOfEverySize) {
  std::vector<std::uint64_t> numbers = {0, 1, std::numeric_limits<std::uint64_t>::max()};
  for (int bit = 0; bit < 64; ++bit) {
    for (int step = -1; step <= 1; ++step) {
      numbers.push_back((std::uint64_t{1} << bit) + static_cast<std::uint64_t>(step));
    }
  }
  std::string bytes;
  PackedWriter writer(&bytes);
  for (const std::uint64_t number : numbers) {
    writer.Number(number);
    writer.Signed(static_cast<std::int64_t>(number));
  }
  PackedReader reader(bytes);
  for (const std::uint64_t number : numbers) {
    EXPECT_EQ(reader.Number(), number);
    EXPECT_EQ(reader.Signed(), static_cast<std::int64_t>(number));
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
}

TEST(Codec, ReadsBackTimesInEveryUnit) {
  for (const std::int64_t nanos :
       {kMin, kMin + 1, kMax, kMax - 807, std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
        std::int64_t{1'000}, std::int64_t{-1'000}, std::int64_t{1'000'000},
        std::int64_t{-2'000'000}, std::int64_t{1'790'000'000'000'000'000},
        std::int64_t{1'790'000'000'123'000'000}, std::int64_t{1'790'000'000'123'456'000},
        std::int64_t{1'790'000'000'123'456'789}, std::int64_t{-9'223'372'036'854'775'000},
        std::int64_t{-9'223'372'036'000'000'000}}) {
    std::string bytes;
    PackedWriter(&bytes).Time(nanos);
    PackedReader reader(bytes);
    EXPECT_EQ(reader.Time(), nanos);
    EXPECT_TRUE(reader.ok() && reader.AtEnd()) << nanos;
  }
}

TEST(Codec, WritesWholeSecondsInFewBytes) {
  std::string bytes;
  PackedWriter(&bytes).Time(1'790'000'000'000'000'000);
  EXPECT_LE(bytes.size(), 5u);
}

TEST(Codec, ReadsBackDoublesBitByBit) {
  for (const double value : {0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, -1.5}) {
    std::string bytes;
    PackedWriter(&bytes).Double(value);
    PackedReader reader(bytes);
    const double read = reader.Double();
    EXPECT_EQ(read, value);
    EXPECT_EQ(std::signbit(read), std::signbit(value));
  }
}

TEST(Codec, ReadsBackBytesAndFingerprints) {
  const std::string text("a\0b\xff", 4);
  std::string bytes;
  PackedWriter writer(&bytes);
  writer.Bytes(text);
  writer.Bytes("");
  writer.Fingerprint(absl::MakeUint128(1, 2));
  PackedReader reader(bytes);
  EXPECT_EQ(reader.Bytes(), text);
  EXPECT_EQ(reader.Bytes(), "");
  EXPECT_EQ(reader.Fingerprint(), absl::MakeUint128(1, 2));
  EXPECT_TRUE(reader.ok() && reader.AtEnd());
}

TEST(Codec, IsNotOkForGoodAfterReadingPastTheEnd) {
  PackedReader reader(
      "\x05"
      "abc");
  EXPECT_EQ(reader.Bytes(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Number(), 0u);
  EXPECT_EQ(reader.Double(), 0);
  EXPECT_EQ(reader.Fingerprint(), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST(Codec, RefusesANumberThatNeverEnds) {
  const std::string endless(20, '\xff');
  PackedReader reader(endless);
  reader.Number();
  EXPECT_FALSE(reader.ok());
}

TEST(Codec, RefusesALengthBeyondAllMemory) {
  std::string bytes;
  PackedWriter(&bytes).Number(std::numeric_limits<std::uint64_t>::max());
  PackedReader reader(bytes);
  EXPECT_EQ(reader.Bytes(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Codec, RefusesATimeThatOverflows) {
  std::string bytes;
  PackedWriter(&bytes).Number(std::numeric_limits<std::uint64_t>::max() - 3);  // In seconds.
  PackedReader reader(bytes);
  reader.Time();
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace peaksync
