#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/braze/curl_http_client.h"
#include "server/delivery/lane.h"
#include "server/ledger/ledger.h"

namespace peaksync {

// A tenant's lane with what it stands between.
struct LaneSetup {
  std::string tenant;        // For the log.
  Ledger* ledger = nullptr;  // Outlives the loop's thread.
  LaneOptions options;
  std::function<absl::StatusOr<std::string>()> read_api_key;
  std::function<void(const ExchangeReport&)> exchanged;       // For metrics; may be empty.
  std::function<void(const DeliveryStatus&)> status_changed;  // For metrics; may be empty.
};

// The one thread that turns all lanes and all their connections: it sleeps in curl until an answer,
// a timer, or something posted by a ledger wakes it.
//
// Lifetime: Start once; Stop (or the destructor) sends nothing new, waits for the answers in flight
// at most `limits::kShutdownWait`, hands their outcomes to the ledgers, and ends the thread.
// Thread safety: Start and Stop from one thread.
class DeliveryLoop {
 public:
  DeliveryLoop(const Clock& clock, CurlOptions curl);
  ~DeliveryLoop();
  DeliveryLoop(const DeliveryLoop&) = delete;
  DeliveryLoop& operator=(const DeliveryLoop&) = delete;

  void Start(std::vector<LaneSetup> lanes);
  void Stop();

 private:
  class Driver;
  using Task = absl::AnyInvocable<void()>;

  void Post(Task task);
  void RunTasks();
  void Loop();

  const Clock& clock_;
  CurlHttpClient http_;  // The thread's own, but for Wake.
  std::vector<std::unique_ptr<Driver>> drivers_;
  std::mt19937_64 random_{std::random_device{}()};
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace peaksync
