#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mockbraze/http_message.h"
#include "mockbraze/json.h"
#include "mockbraze/mock_state.h"

namespace mockbraze {

// What tests use to look into the mock and to steer it: everything below /_mock, JSON in and out,
// listed in docs/mockbraze.md. Faults, latency and keys do not apply here, and nothing here counts.
// Thread safety: Handle() from any thread. The state must outlive it.
class ControlEndpoints {
 public:
  explicit ControlEndpoints(MockState& state) : state_(state) {}

  Response Handle(const Request& request);

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  Response Health(const Query& query);
  Response Stats(const Query& query);
  Response Users(const Query& query);
  Response Requests(const Query& query);
  Response Reset(const Value& body);
  Response SetFaults(const Value& body);
  Response SetWorkspace(const Value& body);

  MockState& state_;
};

}  // namespace mockbraze
