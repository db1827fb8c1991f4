#include "server/base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace peaksync {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>, "a secret must not reach a log by accident");
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);

TEST(Secret, GivesItsBytesWhenAskedByName) {
  const Secret secret(std::string("ab\0c", 4));
  EXPECT_EQ(secret.Reveal(), std::string_view("ab\0c", 4));
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  Secret from(std::string("key"));
  Secret to = std::move(from);
  EXPECT_EQ(to.Reveal(), "key");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the promise.
  Secret assigned(std::string("another"));
  assigned = std::move(to);
  EXPECT_EQ(assigned.Reveal(), "key");
}

TEST(Secret, WipeOverwritesTheBytes) {
  std::string text = "0123456789012345678901234567890123456789";
  const char* bytes = text.data();
  const std::size_t size = text.size();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  // The string keeps its memory, so its bytes can still be looked at. The first is the terminator.
  for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(bytes[i], '\0') << i;
}

TEST(ConstantTimeEquals, ComparesContents) {
  EXPECT_TRUE(ConstantTimeEquals("same", "same"));
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_FALSE(ConstantTimeEquals("same", "some"));
  EXPECT_FALSE(ConstantTimeEquals("same", "same "));
}

TEST(Sha256Hex, IsTheStandardOne) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace peaksync
