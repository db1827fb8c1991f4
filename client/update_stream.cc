#include "client/update_stream.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/backoff.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/stream_link.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

// Breaks that the service or the network causes and that another attempt may mend.
bool IsPlainBreak(const absl::Status& status) {
  // A stream that ends with OK before `finished` was cut by something in between.
  return status.ok() || absl::IsUnavailable(status) || absl::IsCancelled(status);
}
// The same, but seldom: proxies, and crashes that look like bugs.
bool IsOddBreak(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsResourceExhausted(status);
}

}  // namespace

class UpdateStream::Impl {
 public:
  Impl(const Channel& channel, StreamOptions options, StreamObserver& observer)
      : channel_(channel),
        options_(std::move(options)),
        observer_(observer),
        backoff_(options_.random ? options_.random : SystemRandom(), options_.backoff_min,
                 options_.backoff_max) {}

  absl::Status Open() {
    first_answer_by_ = std::min(options_.deadline, absl::Now() + options_.connect_timeout);
    return Connect();
  }

  std::unique_ptr<v1::StreamUpdatesRequest> NewBatch() {
    if (spare_.empty()) return std::make_unique<v1::StreamUpdatesRequest>();
    auto batch = std::move(spare_.back());
    spare_.pop_back();
    batch->mutable_batch()->clear_updates();  // Keeps the memory of the updates.
    return batch;
  }

  absl::Status Send(std::unique_ptr<v1::StreamUpdatesRequest> batch) {
    batch->mutable_batch()->set_sequence(next_sequence_++);
    unacked_.push_back(std::move(batch));
    return Drive([this] { return unacked_.size() < limits::kUnackedBatchesMax; });
  }

  absl::StatusOr<v1::SyncRun> Finish(std::optional<google::protobuf::Timestamp> cursor) {
    finish_.emplace();
    finish_->mutable_finish();
    if (cursor) *finish_->mutable_finish()->mutable_cursor() = *cursor;
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Drive([this] { return finished_.has_value(); }));
    LetItEnd();
    return *finished_;
  }

  std::int64_t next_sequence() const { return next_sequence_; }
  const std::string& run_id() const { return run_id_; }
  bool finish_was_sent() const { return finish_was_sent_; }

 private:
  // The one place that decides what happens next: reads what is there, writes what is to be
  // written, waits, reconnects, until `done`.
  template <typename Done>
  absl::Status Drive(const Done& done) {
    for (;;) {
      if (link_ == nullptr) PEAKSYNC_CLIENT_RETURN_IF_ERROR(Connect());
      const bool may_write = written_ < unacked_.size() || FinishIsDue();
      const absl::Time until = may_write || done() ? absl::InfinitePast() : options_.deadline;
      switch (link_->Next(until, &response_)) {
        case StreamLink::Event::kMessage:
          PEAKSYNC_CLIENT_RETURN_IF_ERROR(Take(response_));
          if (finished_) return absl::OkStatus();  // The end that follows it is no break.
          continue;
        case StreamLink::Event::kEnded:
          PEAKSYNC_CLIENT_RETURN_IF_ERROR(Mend(options_.deadline));
          continue;
        case StreamLink::Event::kQuiet:
          break;
      }
      if (written_ < unacked_.size()) {
        // The end of a broken stream comes as kEnded.
        if (link_->Write(*unacked_[written_])) {
          ++written_;
        } else {
          AwaitEnd();
        }
      } else if (FinishIsDue()) {
        finish_is_written_ = true;
        finish_was_sent_ = true;
        if (link_->Write(*finish_)) link_->WritesDone();
      } else if (done()) {
        return absl::OkStatus();
      } else if (absl::Now() >= options_.deadline) {
        return TimedOut();
      }
    }
  }

  // Only when all is acknowledged: so a lost answer to `finish` loses no list of invalid updates.
  bool FinishIsDue() const { return finish_ && !finish_is_written_ && unacked_.empty(); }

  // After a failed write: the reader sees the end now. What it read before it is still taken.
  void AwaitEnd() {
    while (link_->Next(options_.deadline, &response_) == StreamLink::Event::kMessage) {
      if (response_.has_ack()) TakeAck(response_.ack());
    }
  }

  // After `finished`: the service closes the stream by itself; a moment for that, and no more.
  void LetItEnd() {
    const absl::Time limit = absl::Now() + limits::kGoodbyeWait;
    StreamLink::Event event = StreamLink::Event::kMessage;
    while (event == StreamLink::Event::kMessage) event = link_->Next(limit, &response_);
    if (event == StreamLink::Event::kEnded) link_->End().IgnoreError();
    link_.reset();
  }

  absl::Status Take(const v1::StreamUpdatesResponse& response) {
    if (response.has_ack()) {
      TakeAck(response.ack());
      return absl::OkStatus();
    }
    if (response.has_finished() && finish_is_written_) {
      finished_ = response.finished().run();
      return absl::OkStatus();
    }
    return absl::InternalError("the service sent a message that does not belong here");
  }

  void TakeAck(const v1::BatchAck& ack) {
    while (written_ > 0 && unacked_.front()->batch().sequence() <= ack.sequence()) {
      spare_.push_back(std::move(unacked_.front()));
      unacked_.pop_front();
      --written_;
      backoff_.Reset();
      odd_breaks_ = 0;
    }
    back_pressure_ = ack.back_pressure();
    observer_.OnAck(ack);
  }

  absl::Time FirstLimit() const { return was_started_ ? options_.deadline : first_answer_by_; }

  // Opens a stream and the run, again and again until the limit.
  absl::Status Connect() {
    for (;;) {
      const absl::Time limit = FirstLimit();
      if (!channel_.WaitUntilConnected(limit)) return OutOfReach();
      link_ = std::make_unique<StreamLink>(channel_, options_.deadline);
      written_ = 0;
      finish_is_written_ = false;
      v1::StreamUpdatesRequest start;
      *start.mutable_start() = options_.start;
      if (!run_id_.empty()) {
        start.mutable_start()->set_run_id(run_id_);
        start.mutable_start()->clear_request_id();
      }
      static_cast<void>(link_->Write(start));  // A broken stream says so below.
      switch (link_->Next(limit, &response_)) {
        case StreamLink::Event::kMessage:
          return Started();
        case StreamLink::Event::kQuiet:
          link_.reset();
          return OutOfReach();
        case StreamLink::Event::kEnded:
          PEAKSYNC_CLIENT_RETURN_IF_ERROR(Mend(limit));
      }
    }
  }

  absl::Status Started() {
    if (!response_.has_started() || response_.started().run_id().empty()) {
      return absl::InternalError("the service did not answer `start` with `started`");
    }
    const v1::StreamStarted& started = response_.started();
    const std::int64_t end = next_sequence_;
    const std::int64_t first = end - static_cast<std::int64_t>(unacked_.size());
    if (started.next_sequence() < first) {
      return absl::AbortedError(Cat("the service expects batch ", started.next_sequence(),
                                    " of run ", started.run_id(),
                                    ", though it acknowledged all before ", first,
                                    "; was its ledger replaced? Push again to send everything"));
    }
    if (started.next_sequence() > end) {
      return absl::AbortedError(Cat("run ", started.run_id(),
                                    " has batches that are not of this push; another one "
                                    "writes to it"));
    }
    run_id_ = started.run_id();
    was_started_ = true;
    observer_.OnStarted(started);
    return absl::OkStatus();
  }

  // The stream ended too early: decides whether to try again, and waits before it.
  absl::Status Mend(absl::Time limit) {
    const absl::Status why = link_->End();
    link_.reset();
    if (absl::Now() >= options_.deadline) return TimedOut();
    if (!IsPlainBreak(why)) {
      if (!IsOddBreak(why) || ++odd_breaks_ >= limits::kOddBreaksMax) return Explain(why, channel_);
    }
    last_break_ = why;
    observer_.OnBreak(why);
    const absl::Duration wait = backoff_.Next();
    if (absl::Now() + wait >= limit) return OutOfReach();
    absl::SleepFor(wait);
    return absl::OkStatus();
  }

  absl::Status TimedOut() const {
    const std::string why =
        back_pressure_.empty() ? "" : Cat(" (the service reads no further: ", back_pressure_, ")");
    return absl::DeadlineExceededError(Cat("the time of --timeout is over before all was sent", why,
                                           "; push again, what is there is not sent twice"));
  }

  // The limit is over without an answer. Asks once more, for the reason.
  absl::Status OutOfReach() {
    if (was_started_) return TimedOut();
    absl::Status why = last_break_;
    if (why.ok()) {
      RpcClient client(channel_);
      why = client.GetSyncRun("", Patience::kFailAtOnce).status();
      if (absl::IsUnavailable(why)) return why;
      why = absl::UnavailableError("no answer to the start of the stream");
    }
    return Explain(absl::UnavailableError(why.message()), channel_);
  }

  const Channel& channel_;
  const StreamOptions options_;
  StreamObserver& observer_;
  Backoff backoff_;
  int odd_breaks_ = 0;
  absl::Status last_break_;
  std::string back_pressure_;  // Of the last acknowledgement.
  absl::Time first_answer_by_ = absl::InfiniteFuture();
  bool was_started_ = false;
  std::string run_id_;

  std::unique_ptr<StreamLink> link_;  // Null while there is no connection.
  v1::StreamUpdatesResponse response_;
  // Batches without an acknowledgement, oldest first; the first `written_` went out on `link_`.
  std::deque<std::unique_ptr<v1::StreamUpdatesRequest>> unacked_;
  std::size_t written_ = 0;
  std::int64_t next_sequence_ = 1;
  std::vector<std::unique_ptr<v1::StreamUpdatesRequest>> spare_;

  std::optional<v1::StreamUpdatesRequest> finish_;
  bool finish_is_written_ = false;  // On `link_`.
  bool finish_was_sent_ = false;    // Ever.
  std::optional<v1::SyncRun> finished_;
};

UpdateStream::UpdateStream(const Channel& channel, StreamOptions options, StreamObserver& observer)
    : impl_(std::make_unique<Impl>(channel, std::move(options), observer)) {}
UpdateStream::~UpdateStream() = default;

absl::Status UpdateStream::Open() { return impl_->Open(); }

std::unique_ptr<v1::StreamUpdatesRequest> UpdateStream::NewBatch() { return impl_->NewBatch(); }

absl::Status UpdateStream::Send(std::unique_ptr<v1::StreamUpdatesRequest> batch) {
  return impl_->Send(std::move(batch));
}

absl::StatusOr<v1::SyncRun> UpdateStream::Finish(
    std::optional<google::protobuf::Timestamp> cursor) {
  return impl_->Finish(std::move(cursor));
}

std::int64_t UpdateStream::next_sequence() const { return impl_->next_sequence(); }
const std::string& UpdateStream::run_id() const { return impl_->run_id(); }
bool UpdateStream::finish_was_sent() const { return impl_->finish_was_sent(); }

}  // namespace peaksync::client
