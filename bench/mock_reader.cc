#include "bench/mock_reader.h"

#include <curl/curl.h>
#include <simdjson.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace peaksync::bench {
namespace {

constexpr long kTimeoutSeconds = 30;

std::size_t Append(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

struct MockReader::Impl {
  CURL* curl = curl_easy_init();
  simdjson::dom::parser parser;
};

MockReader::MockReader(std::string url) : url_(std::move(url)), impl_(std::make_unique<Impl>()) {}
MockReader::~MockReader() { curl_easy_cleanup(impl_->curl); }

absl::StatusOr<std::string> MockReader::Get(const std::string& path) {
  const std::string url = url_ + path;
  std::string body;
  CURL* curl = impl_->curl;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return body;
  return absl::UnavailableError(absl::StrCat("the mock does not answer GET ", path, ": ",
                                             curl_easy_strerror(code), ", status ", status));
}

absl::StatusOr<MockStats> MockReader::Stats() {
  const auto body = Get("/_mock/stats");
  if (!body.ok()) return body.status();
  MockStats stats;
  simdjson::dom::element root;
  bool complete = impl_->parser.parse(*body).get(root) == simdjson::SUCCESS;
  for (const auto& [name, count] : {
           std::pair{"requests", &stats.requests},
           {"attribute_objects", &stats.attribute_objects},
           {"attribute_values", &stats.attribute_values},
           {"unchanged_values", &stats.unchanged_values},
           {"max_in_flight", &stats.max_in_flight},
           {"max_in_flight_per_customer", &stats.max_in_flight_per_customer},
       }) {
    complete = complete && root[name].get(*count) == simdjson::SUCCESS;
  }
  if (!complete) return absl::InternalError(absl::StrCat("odd /_mock/stats: ", *body));
  return stats;
}

absl::Status MockReader::CheckCustomer(const std::string& id, const Prediction& expected) {
  const auto body = Get(absl::StrCat("/_mock/users?external_id=", id));
  if (!body.ok()) return body.status();
  simdjson::dom::element profile;
  if (impl_->parser.parse(*body).get(profile) != simdjson::SUCCESS) {
    return absl::InternalError(absl::StrCat("the profile of ", id, " is not JSON"));
  }
  const auto attributes = profile["custom_attributes"];
  const auto is = [&]<typename T>(const char* name, const T& value) {
    T held{};
    return attributes[name].get(held) == simdjson::SUCCESS && held == value;
  };
  if (is(kChurnProbability, expected.churn_probability) &&
      is(kLifetimeValue, expected.lifetime_value) && is(kOrders, expected.orders) &&
      is(kIsHighValue, expected.is_high_value) && is(kOffer, std::string_view(expected.offer))) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("customer ", id, " differs in the mock: expected ",
                                          expected.offer, " and so on, it has ", *body));
}

}  // namespace peaksync::bench
