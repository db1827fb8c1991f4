#include "client/pusher.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "client/backoff.h"
#include "client/delivery_text.h"
#include "client/place_book.h"
#include "client/rejection_pages.h"
#include "client/row_rules.h"
#include "client/rpc_client.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/waiter.h"

namespace peaksync::client {
namespace {

constexpr std::int64_t kRowsPerProgress = 1'024;
constexpr std::size_t kUpdateOverheadBytes = 8;  // Tag and length in the batch.

// One push. Its members are what the report is made of.
class PushJob final : public StreamObserver {
 public:
  PushJob(const Channel& channel, const PushSettings& settings, RowSource& rows,
          std::optional<std::int64_t> bytes_total, RejectLog& rejects, Console& console)
      : channel_(channel),
        settings_(settings),
        rows_(rows),
        rejects_(rejects),
        console_(console),
        begin_(absl::Now()),
        deadline_(begin_ + settings.timeout),
        stream_(channel, MakeStreamOptions(), *this) {
    progress_.bytes_total = bytes_total;
  }

  PushReport Run();

  void OnStarted(const v1::StreamStarted& started) override;
  void OnAck(const v1::BatchAck& ack) override;
  void OnBreak(const absl::Status& why) override;

 private:
  StreamOptions MakeStreamOptions() const;
  absl::Status Deliver();
  absl::Status SendAll();
  absl::Status SendBatch();
  // Takes the last update of the batch, which does not fit, into a new one.
  absl::Status BeginNextWithLast();
  absl::Status TakeUpdate(v1::CustomerUpdate* update, const RowInfo& info);
  void NoteTime(TimePoint time);
  void Refuse(const RowInfo& info);
  void TellBackPressure(const std::string& why);
  std::optional<google::protobuf::Timestamp> Cursor() const;
  absl::Status Wait();
  // What Braze refused of the run: for the report, and for the file of --rejects.
  void ReadBrazeRefusals();
  // Adds to a start that was refused what to do about it.
  void AddFullHint(absl::Status* status);
  void LookAtRunAfter(absl::Status* status);
  ExitStatus Judge(const absl::Status& status) const;
  void ShowProgress();

  const Channel& channel_;
  const PushSettings& settings_;
  RowSource& rows_;
  RejectLog& rejects_;
  Console& console_;
  const absl::Time begin_;
  const absl::Time deadline_;
  UpdateStream stream_;

  std::unique_ptr<v1::StreamUpdatesRequest> batch_;
  std::size_t batch_bytes_ = 0;
  PlaceBook places_;
  std::optional<TimePoint> newest_;
  bool break_was_told_ = false;
  std::string back_pressure_;  // Of the last acknowledgement.
  ProgressState progress_;
  PushReport report_;
};

StreamOptions PushJob::MakeStreamOptions() const {
  StreamOptions options;
  options.start.set_source(settings_.source);
  options.start.set_request_id(RandomId());
  options.start.set_mode(settings_.full ? v1::SYNC_MODE_FULL : v1::SYNC_MODE_INCREMENTAL);
  options.start.set_expected_tenant(settings_.expected_tenant);
  options.start.set_client(settings_.client_name);
  if (settings_.updated_at) SetTime(*settings_.updated_at, options.start.mutable_updated_at());
  if (settings_.from_cursor) SetTime(*settings_.from_cursor, options.start.mutable_from_cursor());
  options.deadline = deadline_;
  options.connect_timeout = settings_.connect_timeout;
  options.backoff_min = settings_.backoff_min;
  options.backoff_max = settings_.backoff_max;
  return options;
}

PushReport PushJob::Run() {
  report_.file = settings_.file;
  report_.source = settings_.source;
  report_.waited = settings_.wait;
  absl::Status status = Deliver();
  if (!status.ok()) LookAtRunAfter(&status);
  if (absl::IsFailedPrecondition(status) && !report_.run) AddFullHint(&status);
  if (status.ok() && settings_.wait) status = Wait();
  if (report_.run && report_.run->values().rejected() > 0) ReadBrazeRefusals();
  console_.Clear();
  const absl::Status closed = rejects_.Close();
  if (status.ok()) status = closed;
  report_.exit = Judge(status);
  report_.status = status;
  report_.refused = rejects_.listed();
  report_.refused_count = rejects_.count();
  report_.duration = absl::Now() - begin_;
  return std::move(report_);
}

absl::Status PushJob::Deliver() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(stream_.Open());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(SendAll());
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(report_.run, stream_.Finish(Cursor()));
  return absl::OkStatus();
}

absl::Status PushJob::SendAll() {
  batch_ = stream_.NewBatch();
  RowInfo info;
  for (;;) {
    auto* const updates = batch_->mutable_batch()->mutable_updates();
    v1::CustomerUpdate* const update = updates->Add();
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const RowSource::Row row, rows_.Next(update, &info));
    if (row != RowSource::Row::kUpdate) updates->RemoveLast();
    if (row == RowSource::Row::kEnd) return updates->empty() ? absl::OkStatus() : SendBatch();
    ++report_.rows.read;
    if (row == RowSource::Row::kEmpty) ++report_.rows.empty;
    if (row == RowSource::Row::kInvalid) Refuse(info);
    if (row == RowSource::Row::kUpdate) PEAKSYNC_CLIENT_RETURN_IF_ERROR(TakeUpdate(update, info));
    if (report_.rows.read % kRowsPerProgress == 0) ShowProgress();
  }
}

// `update` is the last one of the batch.
absl::Status PushJob::TakeUpdate(v1::CustomerUpdate* update, const RowInfo& info) {
  const std::size_t bytes = update->ByteSizeLong() + kUpdateOverheadBytes;
  if (bytes > settings_.batch_bytes_max) {
    batch_->mutable_batch()->mutable_updates()->RemoveLast();
    Refuse({info.line, "", Cat("larger than ", settings_.batch_bytes_max, " bytes")});
    return absl::OkStatus();
  }
  if (batch_bytes_ + bytes > settings_.batch_bytes_max) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(BeginNextWithLast());
    update = batch_->mutable_batch()->mutable_updates(0);
  }
  batch_bytes_ += bytes;
  ++report_.rows.sent;
  places_.Add(stream_.next_sequence(), info.line,
              rejects_.wants_text() ? rows_.RowText() : std::string());
  if (update->has_updated_at()) {
    NoteTime({update->updated_at().seconds(), update->updated_at().nanos()});
  }
  if (batch_->batch().updates_size() < settings_.batch_updates_max) return absl::OkStatus();
  return SendBatch();
}

void PushJob::NoteTime(TimePoint time) {
  const bool is_future = settings_.cursor_not_after && *settings_.cursor_not_after < time;
  std::optional<TimePoint>& newest = is_future ? report_.rows.newest_future : newest_;
  if (is_future) ++report_.rows.future;
  if (!newest || *newest < time) newest = time;
}

absl::Status PushJob::BeginNextWithLast() {
  std::unique_ptr<v1::CustomerUpdate> last(
      batch_->mutable_batch()->mutable_updates()->ReleaseLast());
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(SendBatch());
  batch_->mutable_batch()->mutable_updates()->AddAllocated(last.release());
  return absl::OkStatus();
}

absl::Status PushJob::SendBatch() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(stream_.Send(std::move(batch_)));
  batch_ = stream_.NewBatch();
  batch_bytes_ = 0;
  ShowProgress();
  return absl::OkStatus();
}

void PushJob::Refuse(const RowInfo& info) {
  ++report_.rows.invalid;
  rejects_.Add(info, rejects_.wants_text() ? rows_.RejectsLine(info, rows_.RowText()) : "");
}

std::optional<google::protobuf::Timestamp> PushJob::Cursor() const {
  std::optional<TimePoint> cursor = settings_.cursor;
  if (settings_.cursor_is_max) {
    cursor = newest_;
    if (!cursor && report_.rows.sent > 0) cursor = settings_.updated_at;
  }
  if (!cursor) return std::nullopt;
  google::protobuf::Timestamp time;
  SetTime(*cursor, &time);
  return time;
}

void PushJob::OnStarted(const v1::StreamStarted& started) {
  if (break_was_told_) {
    console_.Say(Cat("connected again; run ", started.run_id(), " goes on"));
  }
  break_was_told_ = false;
  report_.tenant = started.tenant();
  report_.workspace = started.workspace();
  report_.host = started.host();
}

void PushJob::OnAck(const v1::BatchAck& ack) {
  progress_.updates_received = ack.updates().received();
  progress_.values_received = ack.values().received();
  progress_.values_pending = ack.values().pending();
  for (const PlaceBook::Refused& refused :
       places_.Find(ack, settings_.column_of_id, settings_.column_of_updated_at)) {
    rejects_.Add(refused.info, rejects_.wants_text() ? rows_.RejectsLine(refused.info, refused.text)
                                                     : std::string());
  }
  rejects_.AddUnlisted(ack.invalid_omitted());
  TellBackPressure(ack.back_pressure());
  ShowProgress();
}

void PushJob::TellBackPressure(const std::string& why) {
  if (why == back_pressure_) return;
  back_pressure_ = why;
  progress_.trouble = why.empty() ? "" : Cat("the service reads no further now: ", why);
  if (!why.empty()) console_.Say(Cat(progress_.trouble, "; it goes on by itself"));
}

void PushJob::OnBreak(const absl::Status& why) {
  if (break_was_told_) return;  // Once an outage, not once an attempt.
  break_was_told_ = true;
  console_.Say(Cat("the stream to ", channel_.address(), " broke (",
                   why.ok() ? std::string_view("it ended early") : MessageOf(why),
                   "); trying again"));
}

// The stream ended with an error: what became of the run? A lost answer to `finish` is no error.
void PushJob::LookAtRunAfter(absl::Status* status) {
  if (stream_.run_id().empty()) return;
  RpcClient client(channel_);
  absl::StatusOr<v1::SyncRun> run = client.GetSyncRun(stream_.run_id());
  if (!run.ok()) return;
  report_.run = *std::move(run);
  const v1::SyncRunState state = report_.run->state();
  const bool received = state == v1::SYNC_RUN_STATE_RECEIVED ||
                        state == v1::SYNC_RUN_STATE_COMPLETED ||
                        state == v1::SYNC_RUN_STATE_COMPLETED_WITH_REJECTIONS;
  if (received && stream_.finish_was_sent() && absl::IsFailedPrecondition(*status)) {
    *status = absl::OkStatus();
  }
}

absl::Status PushJob::Wait() {
  progress_.waiting = true;
  WaitOptions options;
  options.deadline = deadline_;
  options.pause_timeout = settings_.pause_timeout;
  options.backoff_min = settings_.backoff_min;
  options.backoff_max = settings_.backoff_max;
  absl::StatusOr<WaitResult> result = WaitForRun(
      channel_, *report_.run, options, [this](const v1::SyncRun& run, std::string_view trouble) {
        progress_.values_received = run.values().received();
        progress_.values_pending = run.values().pending();
        progress_.trouble = trouble.empty() ? DeliveryTrouble(run.delivery()) : trouble;
        ShowProgress();
      });
  if (!result.ok()) return result.status();
  report_.run = result->run;
  return WaitError(*result, options);
}

void PushJob::ReadBrazeRefusals() {
  RpcClient client(channel_);
  v1::RejectionFilter filter;
  filter.set_run_id(report_.run->run_id());
  filter.set_kind(v1::REJECTION_KIND_BRAZE);
  // Without a file only the first are told of.
  const auto take = [this](const v1::Rejection& rejection) {
    if (report_.braze_refusals.size() < limits::kBrazeRefusalsListedMax) {
      report_.braze_refusals.push_back(rejection);
    } else if (!rejects_.wants_text()) {
      return absl::CancelledError();
    }
    ++report_.braze_refusals_count;
    if (rejects_.wants_text()) rejects_.AddByBraze(rows_.RejectionLine(rejection));
    return absl::OkStatus();
  };
  const absl::Status read = ForEachRejection(client, filter, take);
  // The others, by the run's count: those that another run overtook meanwhile are no longer listed.
  if (absl::IsCancelled(read)) report_.braze_refusals_count = report_.run->values().rejected();
  if (read.ok() || absl::IsCancelled(read)) return;
  console_.Say(Cat("Braze refused ", WithCommas(report_.run->values().rejected()),
                   " values of the run, but which ones could not be read (", MessageOf(read),
                   "); `peaksync rejections list --run ", report_.run->run_id(), "` shows them"));
}

void PushJob::AddFullHint(absl::Status* status) {
  if (settings_.full) return;
  RpcClient client(channel_);
  v1::ListSourcesRequest request;
  request.set_page_size(limits::kPageSize);
  for (;;) {
    const absl::StatusOr<v1::ListSourcesResponse> page = client.ListSources(request);
    if (!page.ok()) return;
    for (const v1::Source& source : page->sources()) {
      if (source.name() != settings_.source || source.full_required().empty()) continue;
      *status = absl::FailedPreconditionError(
          Cat(MessageOf(*status), ". Push all of the source's data once with --full"));
      return;
    }
    if (page->next_page_token().empty()) return;
    request.set_page_token(page->next_page_token());
  }
}

ExitStatus PushJob::Judge(const absl::Status& status) const {
  if (status.ok()) {
    return ExitStatusOf(*report_.run, report_.rows.invalid, settings_.allow_rejections);
  }
  const bool abandoned = report_.run && report_.run->state() == v1::SYNC_RUN_STATE_ABANDONED;
  if (absl::IsFailedPrecondition(status) && abandoned) return ExitStatus::kNotFinished;
  return ExitStatusOf(status);
}

void PushJob::ShowProgress() {
  const absl::Time now = absl::Now();
  progress_.rows_read = report_.rows.read;
  progress_.bytes_read = rows_.bytes_read();
  progress_.elapsed = now - begin_;
  console_.Show(progress_, now);
}

}  // namespace

PushReport Push(const Channel& channel, const PushSettings& settings, RowSource& rows,
                std::optional<std::int64_t> bytes_total, RejectLog& rejects, Console& console) {
  return PushJob(channel, settings, rows, bytes_total, rejects, console).Run();
}

}  // namespace peaksync::client
