#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mockbraze/base/json.h"
#include "mockbraze/http/http_message.h"
#include "mockbraze/workspace/workspace.h"

namespace mockbraze {

// What tests use to look into the mock and to steer it: everything below /_mock, JSON in and out,
// listed in docs/mockbraze.md. Faults, latency and keys do not apply here, and nothing here counts.
// Thread safety: Handle() from any thread. The workspace must outlive it.
class ControlEndpoints {
 public:
  explicit ControlEndpoints(Workspace& workspace) : workspace_(workspace) {}

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

  Workspace& workspace_;
};

}  // namespace mockbraze
