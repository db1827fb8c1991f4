#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// The flags that choose rejections, as they were given; nothing: not given.
struct RejectionFlags {
  std::optional<std::string> source;
  std::optional<std::string> run_id;
  std::optional<std::string> attribute;
  std::optional<std::string> customer;
  std::optional<std::string> id_kind;  // Of `customer`; default external_id.
  std::optional<std::string> kind;     // validation or braze.
  bool all = false;
};

// Checks the flags and puts them together. INVALID_ARGUMENT names the flag and says what it takes;
// an empty text is refused, so that a variable that is not set does not mean everything. Pure.
absl::StatusOr<v1::RejectionFilter> ToFilter(const RejectionFlags& flags);
// The same for commands that change something: at least one filter, or --all, and not both.
absl::StatusOr<v1::RejectionFilter> ToDecidedFilter(const RejectionFlags& flags);

// What `resync` is about, as its flags were given.
struct ResyncFlags {
  std::optional<std::string> attribute;
  std::optional<std::string> customer;
  std::optional<std::string> id_kind;
  bool all = false;
};

// As above; `validate_only` is set.
absl::StatusOr<v1::ResyncRequest> ToRequest(const ResyncFlags& flags);

}  // namespace peaksync::client
