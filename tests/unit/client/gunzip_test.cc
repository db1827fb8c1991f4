#include "client/gunzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync::client {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Pack(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(text.size() + 100, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

absl::StatusOr<std::string> ReadAll(ByteSource& bytes) {
  std::string all;
  char buffer[1'000];
  for (;;) {
    const absl::StatusOr<std::size_t> count = bytes.Read(buffer, sizeof buffer);
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.append(buffer, *count);
  }
}

absl::StatusOr<std::string> Unpack(const std::string& bytes, std::size_t piece = SIZE_MAX) {
  return ReadAll(*Gunzip(std::make_unique<StringSource>(bytes, piece), "scores.csv.gz"));
}

// Not to be packed into a single block.
std::string LongText() {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i * 7919 % 100'003) + ",";
  return text;
}

TEST(Gunzip, UnpacksWhateverThePieces) {
  const std::string text = LongText();
  const std::string packed = Pack(text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{70'000}, SIZE_MAX}) {
    const auto unpacked = Unpack(packed, piece);
    ASSERT_THAT(unpacked, IsOk());
    EXPECT_TRUE(*unpacked == text) << "in pieces of " << piece;
  }
}

TEST(Gunzip, LeavesOtherBytesAsTheyAre) {
  for (const std::string text : {"", "i", "id,a\n1,x\n", "\x1fx", "\x1f"}) {
    for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
      const auto read = Unpack(text, piece);
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(*read, text);
    }
  }
}

TEST(Gunzip, ReadsSeveralMembersAndPaddingBehindThem) {
  const auto unpacked =
      Unpack(Pack("id,a\n") + Pack("1,x\n") + Pack("") + Pack("2,y\n") + std::string(512, '\0'));
  ASSERT_THAT(unpacked, IsOk());
  EXPECT_EQ(*unpacked, "id,a\n1,x\n2,y\n");
}

TEST(Gunzip, SaysWhenTheFileIsCutOff) {
  const std::string packed = Pack(LongText());
  for (const std::size_t left :
       {std::size_t{2}, std::size_t{15}, packed.size() / 2, packed.size() - 1}) {
    EXPECT_THAT(Unpack(packed.substr(0, left)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("scores.csv.gz"), HasSubstr("cut off"))))
        << left;
  }
}

TEST(Gunzip, SaysWhenTheFileIsDamaged) {
  std::string packed = Pack(LongText());
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  EXPECT_THAT(Unpack(packed), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("scores.csv.gz: the gzip file is damaged")));
  EXPECT_THAT(Unpack(Pack("a") + "rubbish"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("damaged")));
}

TEST(Gunzip, OpensFilesByTheirBytesNotTheirName) {
  const ::peaksync::testing::TempDir folder;
  const std::string path = folder.File("scores.csv");
  std::ofstream(path) << Pack("id,a\n");
  auto file = OpenFile(path);
  ASSERT_THAT(file, IsOk());
  const auto text = ReadAll(**file);
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, "id,a\n");
  EXPECT_EQ((*file)->size(), std::nullopt);
}

}  // namespace
}  // namespace peaksync::client
