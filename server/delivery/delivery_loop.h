#pragma once

#include <atomic>
#include <functional>
#include <map>
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
// Thread safety: Start and Stop from one thread. Add, Reconfigure and Remove from any, between
// Start and Stop, in the order in which they are to happen.
class DeliveryLoop {
 public:
  DeliveryLoop(const Clock& clock, CurlOptions curl);
  ~DeliveryLoop();
  DeliveryLoop(const DeliveryLoop&) = delete;
  DeliveryLoop& operator=(const DeliveryLoop&) = delete;

  void Start(std::vector<LaneSetup> lanes);
  void Stop();

  // A lane more. One of the same tenant must have been removed, and its `done` called, before.
  void Add(LaneSetup lane);
  // New options of a tenant's lane, as Lane::Reconfigure. Nothing happens when it has none.
  void Reconfigure(std::string tenant, LaneOptions options,
                   std::function<absl::StatusOr<std::string>()> read_api_key);
  // Sends nothing new for the tenant, waits for its answers in flight at most
  // `limits::kShutdownWait`, hands their outcomes to its ledger, lets go of the ledger and calls
  // `done` on the loop's thread; at once when there is no such lane. What is unanswered by then
  // stays leased until the ledger is opened again. When the loop stops meanwhile, `done` is called
  // then; when it has stopped, at once on the caller's thread.
  void Remove(std::string tenant, absl::AnyInvocable<void()> done);

 private:
  class Driver;
  using Task = absl::AnyInvocable<void()>;

  // False: the loop has ended, and the task will never run.
  bool Post(Task& task);
  void Post(Task&& task) { Post(task); }
  void RunTasks();
  void Loop();
  void End();
  void Depart(absl::Time now);
  Driver* Find(const std::string& tenant);
  std::shared_ptr<PaceGroup> GroupOf(const LaneOptions& options);

  const Clock& clock_;
  CurlHttpClient http_;  // The thread's own, but for Wake.
  // The loop's thread's own. Ledgers and requests refer to a driver weakly: what comes for a lane
  // that is gone is nobody's.
  std::vector<std::shared_ptr<Driver>> drivers_;
  std::map<std::string, std::weak_ptr<PaceGroup>> groups_;
  std::mt19937_64 random_{std::random_device{}()};
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace peaksync
