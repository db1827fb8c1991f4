#include "server/base/log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "server/base/text.h"

namespace peaksync::log {
namespace {

using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

// What `write` puts on stderr.
template <typename Function>
std::string Captured(Function write) {
  ::testing::internal::CaptureStderr();
  write();
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string text = Captured([] {
    Info("The service listens.", {{"port", std::int64_t{7443}}, {"tls", true}, {"share", 0.1}});
    Error("A tenant is off.", {{"tenant", "acme"}});
  });
  const auto lines = text::Split(text, '\n');
  ASSERT_THAT(lines, SizeIs(3));  // The last is what follows the last line end.
  const auto first = nlohmann::ordered_json::parse(lines[0]);
  EXPECT_EQ(first["level"], "info");
  EXPECT_EQ(first["message"], "The service listens.");
  EXPECT_EQ(first["port"], 7443);
  EXPECT_EQ(first["tls"], true);
  EXPECT_EQ(first["share"], 0.1);
  EXPECT_EQ(first.begin().key(), "time");
  EXPECT_THAT(first["time"].get<std::string>(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  const auto second = nlohmann::json::parse(lines[1]);
  EXPECT_EQ(second["level"], "error");
  EXPECT_EQ(second["tenant"], "acme");
}

TEST(Log, EscapesWhatWouldBreakTheLine) {
  const std::string nasty = std::string("a\"b\\c\nd\te\x01") + '\0' + "f\x7F é 😀";
  const std::string text = Captured([&] { Warn(nasty, {{"reason", nasty}}); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["message"], nasty);
  EXPECT_EQ(line["reason"], nasty);
}

TEST(Log, ReplacesBytesThatAreNotUtf8) {
  const std::string text = Captured([] {
    Info("x", {{"lone", "a\xFFz"},
               {"cut", "\xE2\x82"},
               {"overlong", "\xC0\xAF"},
               {"surrogate", "\xED\xA0\x80"},
               {"beyond", "\xF4\x90\x80\x80"}});
  });
  const auto line = nlohmann::json::parse(text);  // Would throw on bad UTF-8.
  EXPECT_EQ(line["lone"], "a\xEF\xBF\xBDz");
}

TEST(Log, WritesNumbersThatJsonHasNoWordForAsNull) {
  const std::string text = Captured([] {
    Info("x", {{"rate", std::numeric_limits<double>::infinity()}});
  });
  EXPECT_TRUE(nlohmann::json::parse(text)["rate"].is_null());
}

TEST(Log, DropsLinesBelowItsLevel) {
  EXPECT_THAT(Captured([] { Write(Level::kDebug, "Not seen."); }), IsEmpty());
  SetLevel(Level::kError);
  EXPECT_THAT(Captured([] { Warn("Not seen."); }), IsEmpty());
  SetLevel(Level::kInfo);
}

TEST(Log, KeepsLinesOfThreadsApart) {
  const std::string text = Captured([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int j = 0; j < 100; ++j) Info("A line.", {{"filler", std::string(200, 'x')}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  auto lines = text::Split(text, '\n');
  ASSERT_THAT(lines, SizeIs(401));
  lines.pop_back();
  for (const auto line : lines) EXPECT_TRUE(nlohmann::json::accept(line));
}

}  // namespace
}  // namespace peaksync::log
