// What libcurl's multi interface costs: POST requests of 75 customers to a server of this machine
// that reads and answers, and does nothing else.
#include <curl/curl.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/child_process.h"
#include "bench/part_timer.h"
#include "bench/parts.h"
#include "bench/track_load.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kTransfers = 32;  // At a time.
constexpr std::size_t kBodies = 100;    // Different ones.
constexpr int kPollMs = 1'000;
constexpr absl::Duration kPatience = absl::Seconds(30);

std::size_t Drop(char* /*data*/, std::size_t size, std::size_t count, void* /*user*/) {
  return size * count;
}

// Requests over connections that are kept. Lifetime: the bodies are borrowed.
class CurlAlone {
 public:
  CurlAlone(const std::string& url, const std::vector<std::string>& bodies)
      : bodies_(bodies), multi_(curl_multi_init()) {
    for (const char* header : {"authorization: Bearer bench-0-key",
                               "content-type: application/json", "x-braze-bulk: true", "expect:"}) {
      headers_ = curl_slist_append(headers_, header);
    }
    for (std::size_t i = 0; i < kTransfers; ++i) {
      CURL* easy = curl_easy_init();
      curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
      curl_easy_setopt(easy, CURLOPT_PROXY, "");
      curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
      curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Drop);
      easies_.push_back(easy);
    }
  }
  ~CurlAlone() {
    for (CURL* easy : easies_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  CurlAlone(const CurlAlone&) = delete;
  CurlAlone& operator=(const CurlAlone&) = delete;

  // How many of `requests` were answered with 201.
  std::size_t Run(std::size_t requests) {
    std::size_t created = 0;
    std::size_t sent = 0;
    std::size_t open = 0;
    for (; sent < requests && open < kTransfers; ++open) Send(easies_[open], sent++);
    while (open > 0) {
      int running = 0;
      if (curl_multi_perform(multi_, &running) != CURLM_OK) return created;
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        CURL* easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result == CURLE_OK && status == 201) ++created;
        curl_multi_remove_handle(multi_, easy);
        if (sent < requests) {
          Send(easy, sent++);
        } else {
          --open;
        }
      }
      if (open > 0) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    return created;
  }

 private:
  void Send(CURL* easy, std::size_t number) {
    const std::string& body = bodies_[number % bodies_.size()];
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_multi_add_handle(multi_, easy);
  }

  const std::vector<std::string>& bodies_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> easies_;
};

}  // namespace

absl::StatusOr<PartCost> MeasureCurl(Rig& rig, std::uint32_t customers) {
  PartCost cost;
  cost.name = "curl";
  cost.what = "curl_multi to a server that only answers, 75 objects a request";
  auto server =
      ChildProcess::Start({absl::StrCat(rig.options().binary_folder, "/bench_null_server")},
                          absl::StrCat(rig.folder(), "/null_server.log"));
  if (!server.ok()) return server.status();
  const std::string label = "listening on ";
  const auto line = (*server)->AwaitLine(label, kPatience);
  if (!line.ok()) return line.status();
  const std::string url = line->substr(line->find(label) + label.size()) + "/users/track";

  const CustomerBook& book = rig.tenants().front().book;
  std::vector<std::uint32_t> numbers(kObjectsPerRequest);
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < kBodies; ++i) {
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      numbers[j] = static_cast<std::uint32_t>((i * numbers.size() + j) % book.size());
    }
    bodies.push_back(TrackBodyFor(book.population(), numbers, book.generations(), 0));
  }
  const std::size_t requests = (customers + kObjectsPerRequest - 1) / kObjectsPerRequest;
  std::size_t created = 0;
  {
    CurlAlone curl(url, bodies);
    PartTimer timer(&cost);
    timer.Resume();
    created = curl.Run(requests);
    timer.Pause();
  }
  if (created != requests) {
    return absl::InternalError(
        absl::StrCat("curl: only ", created, " of ", requests, " requests were answered with 201"));
  }
  cost.customers = static_cast<std::int64_t>(requests * kObjectsPerRequest);
  if (const auto stopped = (*server)->Stop(kPatience); !stopped.ok()) return stopped.status();
  return cost;
}

}  // namespace peaksync::bench
