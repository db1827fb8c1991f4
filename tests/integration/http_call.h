#pragma once

#include <string>

namespace peaksync::testing {

// One HTTP call to `base` ("http://127.0.0.1:PORT"), for a mock's control endpoints. Returns the
// body; fails the test, and returns "", when there is no 2xx answer within 10 s.
std::string HttpGet(const std::string& base, const std::string& path);
std::string HttpPost(const std::string& base, const std::string& path, const std::string& json);

}  // namespace peaksync::testing
