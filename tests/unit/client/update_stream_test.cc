#include "client/update_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "absl/time/clock.h"
#include "tests/unit/client/fake_service.h"

namespace peaksync::client {
namespace {

using ::testing::HasSubstr;

class Recorder final : public StreamObserver {
 public:
  void OnStarted(const v1::StreamStarted& /*started*/) override { ++starts; }
  void OnAck(const v1::BatchAck& ack) override {
    acked = ack.sequence();
    if (on_ack) on_ack();
    for (const v1::InvalidUpdate& invalid : ack.invalid()) invalids.insert(invalid.sequence());
  }
  void OnBreak(const absl::Status& why) override {
    breaks.push_back(why);
    if (on_break) std::exchange(on_break, nullptr)();
  }

  int starts = 0;
  std::int64_t acked = 0;
  std::multiset<std::int64_t> invalids;
  std::vector<absl::Status> breaks;
  std::function<void()> on_break;
  std::function<void()> on_ack;
};

class UpdateStreamTest : public ::testing::Test {
 protected:
  StreamOptions Options() const {
    StreamOptions options;
    options.start.set_source("churn");
    options.start.set_request_id("request-1");
    options.deadline = absl::Now() + absl::Seconds(30);
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(20);
    options.random = [] { return 1.0; };
    return options;
  }

  void Open(StreamOptions options, const std::string& token = "tok") {
    channel_ = service_.Connect(token);
    stream_ = std::make_unique<UpdateStream>(*channel_, std::move(options), recorder_);
  }

  // One batch with one update of customer `number`.
  absl::Status Send(int number, const std::string& attribute = "a") {
    auto batch = stream_->NewBatch();
    v1::CustomerUpdate* const update = batch->mutable_batch()->add_updates();
    update->mutable_customer()->set_external_id(std::to_string(number));
    update->add_attributes()->set_name(attribute);
    return stream_->Send(std::move(batch));
  }

  // Opens, sends `count` batches, finishes.
  absl::StatusOr<v1::SyncRun> SendAll(int count) {
    Open(Options());
    absl::Status status = stream_->Open();
    for (int i = 1; status.ok() && i <= count; ++i) status = Send(i);
    if (!status.ok()) return status;
    return stream_->Finish(std::nullopt);
  }

  // Every customer once, in order: nothing lost, nothing twice.
  void ExpectCustomers(int count) {
    const auto updates = service_.updates();
    ASSERT_EQ(updates.size(), static_cast<std::size_t>(count));
    for (int i = 1; i <= count; ++i) {
      EXPECT_EQ(updates[static_cast<std::size_t>(i - 1)].customer().external_id(),
                std::to_string(i));
    }
  }

  FakeService service_;
  Recorder recorder_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<UpdateStream> stream_;
};

TEST_F(UpdateStreamTest, SendsBatchesInOrderAndFinishes) {
  const auto run = SendAll(20);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->state(), v1::SYNC_RUN_STATE_RECEIVED);
  EXPECT_EQ(run->updates().received(), 20);
  EXPECT_EQ(recorder_.acked, 20);
  ExpectCustomers(20);
  EXPECT_EQ(service_.starts().size(), 1U);
}

TEST_F(UpdateStreamTest, KeepsEightBatchesInFlight) {
  service_.scripts.resize(1);
  service_.scripts[0].ack_every = 8;
  const auto run = SendAll(16);
  ASSERT_TRUE(run.ok()) << run.status();
  ExpectCustomers(16);
}

TEST_F(UpdateStreamTest, ResumesTheRunAfterABreak) {
  service_.scripts.resize(2);
  service_.scripts[0].break_after_batches = 3;
  service_.scripts[1].break_after_batches = 4;
  const auto run = SendAll(20);
  ASSERT_TRUE(run.ok()) << run.status();
  ExpectCustomers(20);
  const auto starts = service_.starts();
  ASSERT_EQ(starts.size(), 3U);
  EXPECT_EQ(starts[0].run_id(), "");
  EXPECT_EQ(starts[1].run_id(), "RUN1");
  EXPECT_EQ(starts[2].run_id(), "RUN1");
  EXPECT_EQ(run->updates().received(), 20);
}

TEST_F(UpdateStreamTest, HearsOfInvalidUpdatesWhoseAcknowledgementWasLost) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 2;
  Open(Options());
  ASSERT_TRUE(stream_->Open().ok());
  ASSERT_TRUE(Send(1).ok());
  ASSERT_TRUE(Send(2, "bad").ok());
  ASSERT_TRUE(stream_->Finish(std::nullopt).ok());
  EXPECT_EQ(recorder_.invalids.count(2), 1U);
  ExpectCustomers(2);
}

TEST_F(UpdateStreamTest, ALostStartedIsAskedForWithTheSameRequest) {
  service_.scripts.resize(1);
  service_.scripts[0].lose_started = true;
  const auto run = SendAll(3);
  ASSERT_TRUE(run.ok()) << run.status();
  const auto starts = service_.starts();
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_EQ(starts[1].run_id(), "");
  EXPECT_EQ(starts[1].request_id(), starts[0].request_id());
  EXPECT_EQ(run->run_id(), "RUN1");
}

TEST_F(UpdateStreamTest, ALostFinishedIsAskedForAgain) {
  service_.scripts.resize(1);
  service_.scripts[0].lose_finished = true;
  const auto run = SendAll(3);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(service_.finishes(), 2);
  ExpectCustomers(3);
}

TEST_F(UpdateStreamTest, FinishComesOnlyAfterEveryAcknowledgement) {
  bool finish_came_first = false;
  recorder_.on_ack = [&] { finish_came_first |= stream_->finish_was_sent(); };
  ASSERT_TRUE(SendAll(6).ok());
  EXPECT_FALSE(finish_came_first);
}

TEST_F(UpdateStreamTest, AStreamThatEndsWithOkTooEarlyIsABreak) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 1;
  service_.scripts[0].end = grpc::Status::OK;
  ASSERT_TRUE(SendAll(3).ok());
  ExpectCustomers(3);
}

TEST_F(UpdateStreamTest, SurvivesARestartOfTheService) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 3;
  recorder_.on_break = [this] {
    service_.Stop();
    service_.Start();
  };
  const auto run = SendAll(20);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(recorder_.starts, 2);
  ExpectCustomers(20);
}

TEST_F(UpdateStreamTest, AWrongTokenEndsItAtOnce) {
  Open(Options(), "wrong");
  EXPECT_EQ(stream_->Open().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(recorder_.breaks.empty());
}

TEST_F(UpdateStreamTest, AFailedRunEndsItWithoutAnotherTry) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 2;
  service_.scripts[0].end = {grpc::StatusCode::FAILED_PRECONDITION, "too many invalid"};
  const auto run = SendAll(20);
  EXPECT_EQ(run.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(service_.starts().size(), 1U);
}

TEST_F(UpdateStreamTest, AnotherStreamOfTheSourceEndsIt) {
  service_.scripts.resize(1);
  service_.scripts[0].refuse = true;
  service_.scripts[0].end = {grpc::StatusCode::ABORTED, "run RUN9 has a stream"};
  Open(Options());
  EXPECT_EQ(stream_->Open().code(), absl::StatusCode::kAborted);
}

TEST_F(UpdateStreamTest, OddBreaksAreNotTriedForever) {
  service_.scripts.resize(50);
  for (StreamScript& script : service_.scripts) {
    script.refuse = true;
    script.end = {grpc::StatusCode::INTERNAL, "bug"};
  }
  Open(Options());
  EXPECT_EQ(stream_->Open().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(recorder_.breaks.size(), static_cast<std::size_t>(limits::kOddBreaksMax - 1));
}

TEST_F(UpdateStreamTest, OutOfReachEndsAtTheConnectTimeout) {
  StreamOptions options = Options();
  options.connect_timeout = absl::Milliseconds(300);
  Open(options);
  service_.Stop();
  const absl::Status status = stream_->Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("can't reach the service at 127.0.0.1:"));
}

TEST_F(UpdateStreamTest, AServiceThatStaysUnavailableEndsAtTheDeadline) {
  service_.scripts.resize(1000);
  for (StreamScript& script : service_.scripts) script.refuse = true;
  service_.scripts[0].refuse = false;
  service_.scripts[0].break_after_batches = 1;
  StreamOptions options = Options();
  options.deadline = absl::Now() + absl::Milliseconds(500);
  Open(options);
  ASSERT_TRUE(stream_->Open().ok());
  absl::Status status = Send(1);
  if (status.ok()) status = stream_->Finish(std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_FALSE(stream_->finish_was_sent());
}

TEST_F(UpdateStreamTest, AServiceThatForgotAcknowledgedBatchesIsNotTrusted) {
  service_.scripts.resize(1);
  service_.scripts[0].break_after_batches = 5;
  recorder_.on_break = [this] { service_.ForgetBatches(); };
  const auto run = SendAll(20);
  EXPECT_EQ(run.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(run.status().message()), HasSubstr("ledger"));
}

}  // namespace
}  // namespace peaksync::client
