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
  explicit Impl(const std::string& key) {
    headers = curl_slist_append(nullptr, absl::StrCat("authorization: Bearer ", key).c_str());
    headers = curl_slist_append(headers, "expect:");
    headers = curl_slist_append(headers, "content-type: application/json");
  }
  ~Impl() {
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  simdjson::dom::parser parser;
};

MockReader::MockReader(std::string url, const std::string& key)
    : url_(std::move(url)), impl_(std::make_unique<Impl>(key)) {}
MockReader::~MockReader() = default;
MockReader::MockReader(MockReader&&) noexcept = default;
MockReader& MockReader::operator=(MockReader&&) noexcept = default;

absl::StatusOr<std::string> MockReader::Perform(const std::string& path, const std::string* body) {
  const std::string url = url_ + path;
  std::string answer;
  CURL* curl = impl_->curl;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, impl_->headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  if (body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body->c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return answer;
  return absl::UnavailableError(absl::StrCat("the mock does not answer ", body ? "POST " : "GET ",
                                             path, ": ", curl_easy_strerror(code), ", status ",
                                             status, " ", answer));
}

absl::StatusOr<std::string> MockReader::Get(const std::string& path) {
  return Perform(path, nullptr);
}

absl::Status MockReader::Post(const std::string& path, const std::string& body) {
  return Perform(path, &body).status();
}

absl::Status MockReader::Set(const MockSettings& settings) {
  const std::string limit =
      settings.limit > 0 ? absl::StrCat(R"("limit":)", settings.limit,
                                        R"(,"window_s":3,"enforced":true,"headers":"by-mode")")
                         : R"("limit":1000000,"window_s":3,"enforced":false,"headers":"none")";
  return Post("/_mock/workspace",
              absl::StrCat(R"({"latency_ms":)", absl::ToInt64Milliseconds(settings.latency),
                           R"(,"rate_limit":{)", limit, "}}"));
}

absl::Status MockReader::SetFaults(const std::vector<std::string>& faults) {
  std::string list;
  for (const std::string& fault : faults) {
    absl::StrAppend(&list, list.empty() ? "\"" : ",\"", fault, "\"");
  }
  return Post("/_mock/faults", absl::StrCat(R"({"faults":[)", list, "]}"));
}

absl::StatusOr<std::vector<MockArrival>> MockReader::Arrivals(std::int64_t after, int limit) {
  const auto body = Get(absl::StrCat("/_mock/requests?since=", after, "&limit=", limit));
  if (!body.ok()) return body.status();
  std::vector<MockArrival> arrivals;
  simdjson::dom::array requests;
  bool complete = impl_->parser.parse(*body)["requests"].get(requests) == simdjson::SUCCESS;
  for (const auto request : requests) {
    MockArrival& arrival = arrivals.emplace_back();
    std::string_view received;
    complete =
        complete && request["number"].get(arrival.number) == simdjson::SUCCESS &&
        request["received_at"].get(received) == simdjson::SUCCESS &&
        absl::ParseTime(absl::RFC3339_full, std::string(received), &arrival.received, nullptr);
    simdjson::dom::array objects;
    if (request["body"]["attributes"].get(objects) != simdjson::SUCCESS) continue;
    for (const auto object : objects) {
      std::string_view id;
      if (object["external_id"].get(id) == simdjson::SUCCESS) arrival.external_ids.emplace_back(id);
    }
  }
  if (!complete) return absl::InternalError("odd /_mock/requests: not in its usual form");
  return arrivals;
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
  // Absent until there is one.
  if (root["requests_by_status"]["429"].get(stats.too_many) != simdjson::SUCCESS) {
    stats.too_many = 0;
  }
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
