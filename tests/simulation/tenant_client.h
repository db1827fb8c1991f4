#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/scenario.h"
#include "tests/simulation/service_loop.h"
#include "tests/simulation/update_maker.h"
#include "tests/simulation/world.h"

namespace peaksync::simulation {

// The tenant's side of one source: begins runs, streams batches, loses its connection, resumes or
// gives up, and sometimes does what a client should not. A batch is sent until it is acknowledged,
// or its run is given up.
class TenantClient {
 public:
  TenantClient(World& world, const Scenario& scenario, ServiceLoop& service, std::string source);

  // Does something, or waits.
  void Step();
  // From now on: ends the run that is open, and begins none.
  void WindUp() { winding_up_ = true; }
  bool is_idle() const { return phase_ == Phase::kIdle; }
  // Sends one batch as a run of its own, when idle.
  void SendAlone(MadeBatch batch);

 private:
  enum class Phase : std::uint8_t { kIdle, kStarting, kStreaming, kFinishing, kBroken };

  void Begin();
  void Connect(bool displaces);
  void OnStarted(const absl::StatusOr<Run>& run, StreamId stream);
  void Stream();
  void SendBatch(std::int64_t sequence);
  void OnReceipt(const absl::StatusOr<BatchReceipt>& receipt, StreamId stream);
  void Finish();
  void OnFinished(const absl::StatusOr<Run>& run, StreamId stream);
  void BreakStream();
  void GiveUp();
  void OnError(const absl::Status& status);

  World& world_;
  const Scenario& scenario_;
  ServiceLoop& service_;
  UpdateMaker maker_;
  const std::string source_;
  Phase phase_ = Phase::kIdle;
  bool winding_up_ = false;

  // The run.
  std::string run_id_;
  std::string request_id_;
  RunMode mode_ = RunMode::kIncremental;
  std::optional<std::int64_t> updated_at_;
  std::optional<std::int64_t> from_cursor_;
  std::optional<std::int64_t> cursor_;
  std::int64_t default_updated_at_ = 0;
  std::vector<std::shared_ptr<const MadeBatch>> batches_;  // Made so far, from sequence 1.
  std::size_t planned_ = 0;
  std::int64_t next_ = 1;
  std::int64_t acknowledged_ = 0;
  StreamId stream_ = 0;
  std::int64_t asked_at_ = 0;  // For it.
};

}  // namespace peaksync::simulation
