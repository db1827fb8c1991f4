#include "server/braze/socket_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace peaksync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);

// Two ends of a connection.
class SocketPollerTest : public ::testing::Test {
 protected:
  SocketPollerTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
  }
  ~SocketPollerTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  void WriteFromFarEnd() { ASSERT_EQ(write(ends_[1], "x", 1), 1); }

  std::array<int, 2> ends_{};
  SocketPoller poller_;
};

TEST_F(SocketPollerTest, TellsWhatASocketIsReadyFor) {
  poller_.Add(ends_[0], /*read=*/true, /*write=*/false);
  EXPECT_THAT(poller_.Wait(absl::ZeroDuration()), IsEmpty());
  WriteFromFarEnd();
  EXPECT_THAT(poller_.Wait(kLong),
              ElementsAre(AllOf(Field(&SocketPoller::Ready::socket, ends_[0]),
                                Field(&SocketPoller::Ready::readable, true),
                                Field(&SocketPoller::Ready::writable, false))));
  poller_.Change(ends_[0], /*read=*/false, /*write=*/true);
  EXPECT_THAT(poller_.Wait(kLong), ElementsAre(AllOf(Field(&SocketPoller::Ready::readable, false),
                                                     Field(&SocketPoller::Ready::writable, true))));
}

TEST_F(SocketPollerTest, TheEndOfAStreamCanBeRead) {
  poller_.Add(ends_[0], /*read=*/true, /*write=*/false);
  shutdown(ends_[1], SHUT_RDWR);
  EXPECT_THAT(poller_.Wait(kLong), ElementsAre(Field(&SocketPoller::Ready::readable, true)));
}

TEST_F(SocketPollerTest, TellsNothingOfASocketThatWasRemoved) {
  poller_.Add(ends_[0], /*read=*/true, /*write=*/false);
  WriteFromFarEnd();
  poller_.Remove(ends_[0]);
  EXPECT_THAT(poller_.Wait(absl::ZeroDuration()), IsEmpty());
  poller_.Remove(ends_[0]);
  poller_.Add(ends_[0], /*read=*/true, /*write=*/false);
  EXPECT_EQ(poller_.Wait(kLong).size(), 1U);
}

TEST_F(SocketPollerTest, WakesFromAnotherThreadAndBeforeItWaits) {
  poller_.Wake();
  poller_.Wake();
  EXPECT_THAT(poller_.Wait(kLong), IsEmpty());
  std::thread other([&] { poller_.Wake(); });
  EXPECT_THAT(poller_.Wait(kLong), IsEmpty());
  other.join();
  poller_.Add(ends_[0], /*read=*/true, /*write=*/false);
  WriteFromFarEnd();
  EXPECT_EQ(poller_.Wait(kLong).size(), 1U) << "both wakes were used up";
}

}  // namespace
}  // namespace peaksync
