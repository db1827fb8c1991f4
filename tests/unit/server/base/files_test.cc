#include "server/base/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::peaksync::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Write(const TempDir& dir, const std::string& text, mode_t mode) {
  const std::string path = dir.File("file");
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

TEST(ReadSmallFile, ReadsAFileOfExactlyTheLimit) {
  const TempDir dir;
  const std::string path = Write(dir, "12345", 0600);
  const auto text = ReadSmallFile(path, 5);
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, "12345");
}

TEST(ReadSmallFile, RefusesALargerFileAndNamesItAndTheLimit) {
  const TempDir dir;
  const std::string path = Write(dir, "123456", 0600);
  EXPECT_THAT(ReadSmallFile(path, 5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(path), HasSubstr("larger than 5 bytes"))));
}

TEST(ReadSmallFile, NamesAMissingFile) {
  EXPECT_THAT(ReadSmallFile("/no/such/file", 5),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file")));
}

TEST(ReadSmallFile, RefusesWhatIsNoFileWithoutWaiting) {
  const TempDir dir;
  ASSERT_EQ(mkfifo(dir.File("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadSmallFile(dir.File("pipe"), 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
  EXPECT_THAT(ReadSmallFile(dir.path(), 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST(ReadSecretFile, TellsWhetherOthersMayReadIt) {
  const TempDir dir;
  auto read = ReadSecretFile(Write(dir, "key", 0600), 5);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->content.Reveal(), "key");
  EXPECT_FALSE(read->readable_by_others);
  for (const mode_t mode : {0640U, 0604U}) {
    read = ReadSecretFile(Write(dir, "key", mode), 5);
    ASSERT_THAT(read, IsOk());
    EXPECT_TRUE(read->readable_by_others) << mode;
  }
}

}  // namespace
}  // namespace peaksync
