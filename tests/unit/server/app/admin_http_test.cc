#include "server/app/admin_http.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class AdminHttpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = AdminHttp::Start("127.0.0.1:0", {[] { return std::string("peaksync_up 1\n"); },
                                                    [this] { return ready_.load(); }});
    ASSERT_THAT(started, IsOk());
    admin_ = *std::move(started);
  }
  httplib::Result Get(const char* path) {
    return httplib::Client("127.0.0.1", admin_->port()).Get(path);
  }

  std::atomic<bool> ready_ = true;
  std::unique_ptr<AdminHttp> admin_;
};

TEST_F(AdminHttpTest, ServesMetricsAsPrometheusText) {
  const auto answer = Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "peaksync_up 1\n");
  EXPECT_THAT(answer->get_header_value("Content-Type"), StartsWith("text/plain; version=0.0.4"));
}

TEST_F(AdminHttpTest, IsHealthyAlsoWhenNotReady) {
  ready_ = false;
  const auto answer = Get("/healthz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok\n");
}

TEST_F(AdminHttpTest, ReadinessFollowsWhetherStreamsAreAccepted) {
  EXPECT_EQ(Get("/readyz")->status, 200);
  ready_ = false;
  const auto answer = Get("/readyz");
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "not accepting streams\n");
  ready_ = true;
  EXPECT_EQ(Get("/readyz")->status, 200);
}

TEST_F(AdminHttpTest, AnswersOtherPathsAndMethodsWith404AndText) {
  const auto answer = Get("/nothing");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_THAT(answer->body, HasSubstr("this port serves /metrics"));
  const auto posted =
      httplib::Client("127.0.0.1", admin_->port()).Post("/metrics", "x", "text/plain");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 404);
}

TEST_F(AdminHttpTest, RefusesAPortInUse) {
  const std::string listen = absl::StrCat("127.0.0.1:", admin_->port());
  EXPECT_THAT(AdminHttp::Start(listen, {}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot listen on " + listen)));
}

TEST_F(AdminHttpTest, AnswersNobodyOnceStopped) {
  const int port = admin_->port();
  admin_->Stop();
  admin_->Stop();
  EXPECT_FALSE(httplib::Client("127.0.0.1", port).Get("/healthz"));
}

TEST(AdminHttp, RefusesABadAddress) {
  EXPECT_THAT(AdminHttp::Start("nowhere", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an address")));
}

}  // namespace
}  // namespace peaksync
