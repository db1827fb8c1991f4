#include "tests/integration/http_call.h"

#include <gtest/gtest.h>
#include <httplib.h>

namespace peaksync::testing {
namespace {

std::string BodyOf(const httplib::Result& result, const std::string& path) {
  if (!result || result->status / 100 != 2) {
    ADD_FAILURE() << path << ": "
                  << (result ? result->body : "no answer: " + httplib::to_string(result.error()));
    return "";
  }
  return result->body;
}

httplib::Client ClientOf(const std::string& base) {
  httplib::Client client(base);
  client.set_read_timeout(10);
  return client;
}

}  // namespace

std::string HttpGet(const std::string& base, const std::string& path) {
  return BodyOf(ClientOf(base).Get(path.c_str()), path);
}

std::string HttpPost(const std::string& base, const std::string& path, const std::string& json) {
  return BodyOf(ClientOf(base).Post(path.c_str(), json, "application/json"), path);
}

}  // namespace peaksync::testing
