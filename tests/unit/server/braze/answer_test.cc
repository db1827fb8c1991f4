#include "server/braze/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace peaksync {

void PrintTo(Answer::Kind kind, std::ostream* out) { *out << static_cast<int>(kind); }

namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = Answer::Kind;

constexpr char kKey[] = "0f3a-secret";
constexpr std::size_t kObjects = 3;
constexpr char kSuccess[] = R"({"attributes_processed":3,"message":"success"})";
constexpr char kNamed[] = R"({"type":"EMAIL_BAD_FORMAT","input_array":"attributes","index":1})";

HttpResult Answered(int status, std::string body,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpResult result;
  result.answered = true;
  result.response.status = status;
  result.response.headers = std::move(headers);
  result.response.body = std::move(body);
  return result;
}

HttpResult Failed(std::string reason, bool may_have_arrived) {
  HttpResult result;
  result.failure = {std::move(reason), may_have_arrived};
  return result;
}

Answer Read(const HttpResult& result) {
  return ReadAnswer(result, kObjects, kKey, absl::FromUnixSeconds(1'790'000'000));
}
Answer Read(int status, std::string body) { return Read(Answered(status, std::move(body))); }

std::string WithErrors(const std::string& message, const std::string& errors) {
  return R"({"message":")" + message + R"(","errors":[)" + errors + "]}";
}

// Every row of docs/design.md section 5.
TEST(Answer, FollowsTheTable) {
  const struct {
    int status;
    std::string body;
    Kind kind;
    bool may_have_been_applied;
  } cases[] = {
      {201, kSuccess, Kind::kAccepted, false},
      {200, kSuccess, Kind::kAccepted, false},
      {201, R"({"message":"success"})", Kind::kAccepted, false},
      {200, R"({"message":"success","errors":[]})", Kind::kAccepted, false},
      {201, R"({"attributes_processed":1,"message":"success"})", Kind::kAccepted, false},
      {202, R"({"message":"queued"})", Kind::kAccepted, false},
      {201, WithErrors("success", kNamed), Kind::kAccepted, false},
      {201, WithErrors("success", R"("something failed")"), Kind::kUnclear, true},
      {201, WithErrors("success", std::string(kNamed) + R"(,{"type":"T"})"), Kind::kUnclear, true},
      {201, WithErrors("success", R"({"type":"T","index":3})"), Kind::kUnclear, true},
      {201, WithErrors("success", R"({"index":0,"input_array":"events"})"), Kind::kUnclear, true},
      {201, "", Kind::kUnclear, true},
      {204, "", Kind::kUnclear, true},
      {200, "<html><body>It works!</body></html>", Kind::kUnclear, true},
      {201, "{}", Kind::kUnclear, true},
      {201, "[]", Kind::kUnclear, true},
      {201, R"({"message":"accepted"})", Kind::kUnclear, true},
      {201, R"({"message":["success"]})", Kind::kUnclear, true},
      {201, R"({"message":"Success"})", Kind::kUnclear, true},
      {400, WithErrors("Valid data must be provided", kNamed), Kind::kRefused, false},
      {400, R"({"errors":[)" + std::string(kNamed) + "]}", Kind::kRefused, false},
      {400, WithErrors("no", std::string(kNamed) + R"(,"bare")"), Kind::kRefused, false},
      {400, WithErrors("Bad Request", R"("bare")"), Kind::kBareRefusal, false},
      {400, R"({"message":"Bad Request"})", Kind::kBareRefusal, false},
      {400, "", Kind::kBareRefusal, false},
      {400, "<html>", Kind::kBareRefusal, false},
      {400, R"({"message":"Max Input Length Exceeded"})", Kind::kTooLarge, false},
      {400, WithErrors("Max Input Length Exceeded: 76", kNamed), Kind::kTooLarge, false},
      {413, "<html>", Kind::kTooLarge, false},
      {401, R"({"message":"Invalid API key: 0f3a-secret"})", Kind::kDenied, false},
      {403, "", Kind::kDenied, false},
      {404, "", Kind::kDenied, false},
      {301, kSuccess, Kind::kDenied, false},
      {307, "", Kind::kDenied, false},
      {304, "", Kind::kDenied, false},
      {405, "", Kind::kDenied, false},
      {422, WithErrors("no", kNamed), Kind::kDenied, false},
      {101, "", Kind::kDenied, true},
      {600, "", Kind::kDenied, true},
      {0, "", Kind::kDenied, true},
      {429, R"({"message":"success"})", Kind::kRateLimited, false},
      {408, "", Kind::kTryLater, true},
      {500, kSuccess, Kind::kTryLater, true},
      {502, "<html>", Kind::kTryLater, true},
      {503, "", Kind::kTryLater, true},
      {504, "", Kind::kTryLater, true},
      {599, "", Kind::kTryLater, true},
  };
  for (const auto& test : cases) {
    const Answer answer = Read(test.status, test.body);
    EXPECT_EQ(answer.kind, test.kind) << test.status << " " << test.body;
    EXPECT_EQ(answer.may_have_been_applied, test.may_have_been_applied)
        << test.status << " " << test.body;
    EXPECT_EQ(answer.outcome_lost, test.status == 504) << test.status;
    EXPECT_EQ(answer.reason.empty(), test.kind == Kind::kAccepted) << test.status;
    EXPECT_THAT(answer.reason, Not(HasSubstr(kKey)));
    EXPECT_THAT(answer.braze_text, Not(HasSubstr(kKey)));
  }
}

TEST(Answer, CarriesTheErrorsOfNamedObjectsOnly) {
  EXPECT_THAT(Read(201, WithErrors("success", kNamed)).errors,
              ElementsAre(FieldsAre(1, "EMAIL_BAD_FORMAT")));
  EXPECT_THAT(Read(400, WithErrors("no", std::string(kNamed) + R"(,"bare")")).errors,
              ElementsAre(FieldsAre(1, "EMAIL_BAD_FORMAT")));
  EXPECT_THAT(Read(201, WithErrors("success", std::string(kNamed) + R"(,"bare")")).errors,
              IsEmpty());
}

TEST(Answer, KeepsBrazesWordsOfTheWholeRequestApart) {
  EXPECT_EQ(Read(201, WithErrors("success", R"("bare 0f3a-secret")")).braze_text, "bare [key]");
  EXPECT_EQ(Read(200, R"({"message":"try 0f3a-secret"})").braze_text, "try [key]");
  EXPECT_EQ(Read(400, WithErrors("Bad Request", R"("bare")")).braze_text, "Bad Request");
  EXPECT_EQ(Read(400, R"({"errors":["bare"]})").braze_text, "bare");
  EXPECT_EQ(Read(401, R"({"message":"Invalid API key: other"})").braze_text, "");
}

TEST(Answer, TellsPeopleWhatToDo) {
  EXPECT_EQ(Read(401, "").reason,
            "Braze refused the API key (401): check the key and that the endpoint is the "
            "workspace's own instance");
  EXPECT_THAT(Read(403, "").reason, HasSubstr("permission"));
  EXPECT_THAT(Read(404, "").reason, HasSubstr("endpoint"));
  EXPECT_EQ(Read(301, "").reason,
            "Braze answered with a redirect (301), which is never followed: check the endpoint");
  EXPECT_THAT(Read(Failed("connection refused", false)).reason, HasSubstr("connection refused"));
}

TEST(Answer, TakesAFailureAsAppliedUnlessTheRequestNeverLeft) {
  const Answer never = Read(Failed("connection refused", false));
  EXPECT_EQ(never.kind, Kind::kTryLater);
  EXPECT_FALSE(never.may_have_been_applied);
  EXPECT_FALSE(never.outcome_lost);

  const Answer lost = Read(Failed("timed out after 60s", true));
  EXPECT_EQ(lost.kind, Kind::kTryLater);
  EXPECT_TRUE(lost.may_have_been_applied);
  EXPECT_TRUE(lost.outcome_lost);
}

TEST(Answer, CarriesTheRateHeadersOfAnyAnswer) {
  for (const int status : {201, 400, 401, 429, 503}) {
    const Answer answer = Read(Answered(status, kSuccess, {{"x-ratelimit-remaining", "17"}}));
    EXPECT_THAT(answer.rate.remaining, ::testing::Optional(17)) << status;
  }
}

// Nothing but the complete body may confirm values.
TEST(Answer, IsUnclearForEveryTruncation) {
  const std::string bodies[] = {kSuccess, WithErrors("success", kNamed), R"({"message":"queued"})",
                                R"({"message":"success","errors":[],"attributes_processed":3})"};
  for (const std::string& body : bodies) {
    for (std::size_t length = 0; length < body.size(); ++length) {
      EXPECT_EQ(Read(201, body.substr(0, length)).kind, Kind::kUnclear) << length << " of " << body;
      EXPECT_EQ(Read(400, body.substr(0, length)).kind, Kind::kBareRefusal) << length;
    }
    EXPECT_EQ(Read(201, body).kind, Kind::kAccepted) << body;
  }
}

// Method: one byte of a body with errors is changed at random. Whatever it becomes, indexes stay
// within the request and ascend, and the key stays out.
TEST(Answer, HoldsItsPromisesForDamagedBodies) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string body =
      WithErrors("success", std::string(kNamed) +
                                R"(,{"type":"0f3a-secret","index":0},{"message":"m","index":2})");
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = body;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const Answer answer = Read(round % 2 == 0 ? 201 : 400, damaged);
    std::size_t next = 0;
    for (const NamedError& error : answer.errors) {
      EXPECT_GE(error.index, next);
      EXPECT_LT(error.index, kObjects);
      EXPECT_THAT(error.text, Not(HasSubstr(kKey)));
      next = error.index + 1;
    }
  }
}

}  // namespace
}  // namespace peaksync
