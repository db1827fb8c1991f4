// bench_grpc_sink: a server of StreamUpdates that reads, counts and acknowledges, and does nothing
// else. What it and the driver cost is what the loop cannot do without (docs/performance.md). It
// prints where it listens, and ends with 0 on SIGTERM.
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdint>
#include <cstdio>

#include "peaksync/v1/sync_service.grpc.pb.h"

namespace peaksync::bench {
namespace {

constexpr std::int64_t kUpdatesAnAck = 1'000;

class Sink final : public v1::SyncService::Service {
  using Stream = grpc::ServerReaderWriter<v1::StreamUpdatesResponse, v1::StreamUpdatesRequest>;

  grpc::Status StreamUpdates(grpc::ServerContext* /*context*/, Stream* stream) override {
    v1::StreamUpdatesRequest request;  // Its memory is used again.
    v1::StreamUpdatesResponse response;
    if (!stream->Read(&request) || !request.has_start()) return WrongOrder();
    response.mutable_started()->set_run_id("sink");
    response.mutable_started()->set_next_sequence(1);
    stream->Write(response);
    std::int64_t updates = 0;
    std::int64_t values = 0;
    std::int64_t acked = 0;
    while (stream->Read(&request)) {
      if (request.has_finish()) {
        v1::SyncRun* run = response.mutable_finished()->mutable_run();
        run->set_run_id("sink");
        run->set_state(v1::SYNC_RUN_STATE_COMPLETED);
        run->mutable_values()->set_received(values);
        stream->Write(response);
        return grpc::Status::OK;
      }
      updates += request.batch().updates_size();
      for (const v1::CustomerUpdate& update : request.batch().updates()) {
        values += update.attributes_size();
      }
      if (updates - acked < kUpdatesAnAck) continue;
      acked = updates;
      response.mutable_ack()->set_sequence(request.batch().sequence());
      stream->Write(response);
    }
    return WrongOrder();
  }

  static grpc::Status WrongOrder() {
    return {grpc::StatusCode::INVALID_ARGUMENT, "expected start, batches and finish"};
  }
};

}  // namespace
}  // namespace peaksync::bench

int main() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  // Before gRPC's threads, so that none of them takes the signal.
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  peaksync::bench::Sink sink;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(8 << 20);
  builder.RegisterService(&sink);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown();
  return 0;
}
