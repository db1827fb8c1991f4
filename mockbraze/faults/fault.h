#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mockbraze/base/result.h"
#include "mockbraze/users/track_request.h"

namespace mockbraze {

enum class FaultKind {
  kStatus,        // status=NNN: that status; nothing is processed unless it is 2xx
  kObjectError,   // object-error[=CODE]: an error entry that names the object, which is not kept
  kUnnamedError,  // unnamed-error[=FORM]: success with an error entry that names no object
  kRejectAll,     // reject-all: 400, every object named
  kReset,         // reset: connection reset, nothing processed
  kResetAfter,    // reset-after: processed, then reset
  kTruncate,      // truncate: processed, the answer cut short
  kNotJson,       // not-json: processed, 201 with a body that is no JSON
  kHtml,          // html: a proxy's page, status 200, nothing processed
  kEmpty,         // empty: processed, 201 with an empty body
  kSlow,          // slow=DURATION: processed, the body dripped over the duration
  kHang,          // hang: no answer, nothing processed
  kHangAfter,     // hang-after: processed, no answer
  kMaintenance,   // maintenance: processed, 202 queued
  kTlsFailure,    // tls-failure: the connection's handshake fails; without TLS: reset
};

// One --fault: KIND[=VALUE][,key=value...]. Keys: rate, count, request, external_id, path. For
// tls-failure the first three count connections, and the other two do not exist.
struct FaultSpec {
  FaultKind kind = FaultKind::kStatus;
  std::string text;  // as written, for people
  int status = 0;
  std::string code;  // of object-error the error's type, of unnamed-error its form
  std::chrono::milliseconds duration{0};
  double rate = 1;                         // share of what it could hit
  std::optional<std::uint64_t> count;      // hits at most so often
  std::optional<std::uint64_t> request;    // only the n-th request since the list was set
  std::optional<std::string> external_id;  // only requests (objects) of that customer
  std::optional<std::string> path;         // only requests to exactly that path
};

// A fault of the list as written, and how often it has hit.
struct FaultCount {
  std::string text;
  std::uint64_t hits = 0;
};

// Reads one SPEC; fails with a text that names what is wrong in it.
Result<FaultSpec> ParseFault(std::string_view spec);

// Decides which connections, requests and objects a fault hits. Decisions depend on the seed, the
// place of the fault in the list, the number of the request since the list was set and the place of
// the object in it, and on nothing else: the same requests in the same order meet the same faults.
// Thread safety: all calls from any thread.
class FaultPlan {
 public:
  explicit FaultPlan(std::uint64_t seed) : seed_(seed) {}

  // Replaces the list; numbers and counts begin anew.
  void Set(std::vector<FaultSpec> faults);
  std::vector<FaultCount> Counts() const;

  // The number of a request, 1 for the first since the list was set.
  std::uint64_t NextRequest();

  // Whether a tls-failure hits the connection that comes now; counts it.
  bool FailsNextConnection();

  // The first fault of the list that hits the request as a whole, if any. `names` tells whether the
  // request names a user; faults of objects are not for requests without.
  std::optional<FaultSpec> ForRequest(std::uint64_t number, const std::string& path,
                                      bool takes_objects,
                                      const std::function<bool(const std::string&)>& names);
  // The object-error that hits an object, if any; its code is the error's type.
  std::optional<FaultSpec> ForObject(std::uint64_t number, const std::string& path,
                                     const TrackObject& object);

 private:
  struct Entry {
    FaultSpec spec;
    std::uint64_t hits = 0;
  };
  bool Hits(Entry& entry, std::size_t place, std::uint64_t number, const std::string& path,
            std::uint64_t salt) const;

  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::uint64_t requests_ = 0;
  std::uint64_t connections_ = 0;
};

}  // namespace mockbraze
