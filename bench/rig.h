#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/child_process.h"
#include "bench/customer_book.h"
#include "bench/drive.h"
#include "bench/mock_reader.h"
#include "bench/service_process.h"

namespace peaksync::bench {

struct Tenant {
  ServiceTenant names;
  CustomerBook book;
  MockReader mock;
};

// What the phases of a run share: the mock, the ledgers' folder, and what every customer was sent.
//
// Lifetime: the options are borrowed. The folder goes with it, unless it is to be kept.
// Thread safety: one thread, which must outlive it.
class Rig {
 public:
  static absl::StatusOr<std::unique_ptr<Rig>> Start(const DriveOptions& options);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  const DriveOptions& options() const { return options_; }
  const std::string& folder() const { return folder_; }
  const std::string& mock_url() const { return mock_url_; }
  std::uint16_t mock_port() const;
  ChildProcess& mock() { return *mock_; }
  std::vector<Tenant>& tenants() { return tenants_; }
  std::int64_t held() const { return std::int64_t{options_.customers} * options_.tenants; }

  // The mock's settings and the service's options that belong to them.
  absl::StatusOr<ServiceOptions> Prepare(absl::Duration latency, bool limiter);
  absl::Status SetFaults(const std::vector<std::string>& faults);

  // Whether the ledger held all customers from the start: it comes from an earlier run.
  bool is_reused() const { return is_reused_; }
  // For a pass with a newer time than any before it, over all customers or some of them.
  absl::Time NextUpdatedAt(bool of_all);
  absl::Time updated_at() const { return updated_at_; }
  // Whether some customers have an older time than that.
  bool has_mixed_times() const { return has_mixed_times_; }

  // Leaves ledger_folder ready for a later run, and stops the mock.
  absl::Status Finish();

 private:
  explicit Rig(const DriveOptions& options);
  absl::Status MakeFolder();
  absl::Status ReadState();
  absl::Status WriteState() const;
  absl::Status StartMock();
  absl::Status FillMock();
  std::string StateFile() const { return folder_ + "/peaksync-bench.state"; }

  const DriveOptions& options_;
  std::string folder_;
  bool keeps_folder_ = false;
  bool is_reused_ = false;
  std::string mock_listen_ = "127.0.0.1:0";
  std::string mock_url_;
  std::unique_ptr<ChildProcess> mock_;
  std::vector<Tenant> tenants_;
  absl::Time updated_at_;
  bool has_mixed_times_ = false;
};

}  // namespace peaksync::bench
