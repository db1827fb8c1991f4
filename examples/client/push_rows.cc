// Sends two customers to a PeakSync service and waits until Braze has answered.
//
//   PEAKSYNC_TOKEN=... push_rows 127.0.0.1:7443
#include <cstdlib>
#include <iostream>

#include "client/backoff.h"
#include "client/channel.h"
#include "client/exit_status.h"
#include "client/update_stream.h"
#include "client/waiter.h"

namespace {

namespace client = peaksync::client;
namespace v1 = peaksync::v1;

// What a program wants to know while it sends.
class Teller final : public client::StreamObserver {
 public:
  void OnStarted(const v1::StreamStarted& started) override {
    std::cerr << "run " << started.run_id() << " of tenant " << started.tenant() << '\n';
  }
  void OnAck(const v1::BatchAck& ack) override {
    // Up to here all is on the service's disk; Braze comes later.
    std::cerr << ack.updates().received() << " updates are durable\n";
    for (const v1::InvalidUpdate& invalid : ack.invalid()) {
      std::cerr << "refused: " << invalid.field() << ": " << invalid.reason() << '\n';
    }
  }
  void OnBreak(const absl::Status& why) override {
    std::cerr << "connecting again: " << why << '\n';  // By itself, and nothing is lost.
  }
};

void AddCustomer(const char* id, double churn, v1::UpdateBatch* batch) {
  v1::CustomerUpdate* const update = batch->add_updates();
  update->mutable_customer()->set_external_id(id);
  v1::Attribute* const attribute = update->add_attributes();
  attribute->set_name("churn_probability");
  attribute->mutable_value()->set_double_value(churn);
}

absl::Status Send(const client::Channel& channel, v1::SyncRun* run) {
  client::StreamOptions options;
  options.start.set_source("example");
  // Finds the run again when the answer to the start is lost.
  options.start.set_request_id(client::RandomId());
  options.deadline = absl::Now() + absl::Minutes(10);
  Teller teller;
  client::UpdateStream stream(channel, options, teller);
  if (absl::Status status = stream.Open(); !status.ok()) return status;

  auto batch = stream.NewBatch();
  AddCustomer("customer-1", 0.25, batch->mutable_batch());
  AddCustomer("customer-2", 0.75, batch->mutable_batch());
  // Returns at once while few batches are unacknowledged, else when there is room.
  if (absl::Status status = stream.Send(std::move(batch)); !status.ok()) return status;

  absl::StatusOr<v1::SyncRun> received = stream.Finish(/*cursor=*/std::nullopt);
  if (!received.ok()) return received.status();
  const client::WaitOptions wait{.deadline = options.deadline};
  const auto end = client::WaitForRun(channel, *received, wait, [](const auto&, auto) {});
  if (!end.ok()) return end.status();
  *run = end->run;
  return client::WaitError(*end, wait);
}

}  // namespace

int main(int argc, char** argv) {
  client::ConnectionOptions connection;
  if (argc > 1) connection.server = argv[1];
  if (const char* token = std::getenv("PEAKSYNC_TOKEN")) connection.token = token;
  const auto channel = client::Channel::Open(connection);
  v1::SyncRun run;
  const absl::Status status = channel.ok() ? Send(**channel, &run) : channel.status();
  if (!status.ok()) {
    std::cerr << status << '\n';
    return static_cast<int>(client::ExitStatusOf(status));
  }
  std::cout << run.values().confirmed() << " values were accepted by Braze, "
            << run.values().unchanged() << " it had already\n";
  return static_cast<int>(client::ExitStatusOf(run, 0, /*allow_rejections=*/false));
}
