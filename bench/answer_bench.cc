// What reading an answer of Braze costs: a plain 201, as nearly all are, and one that names five of
// 75 objects. Goal: 5 us a plain answer, so that it does not show beside the request.
// Non-goals: the transport, and what the lane makes of the answer.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/braze/answer.h"
#include "server/braze/http.h"

namespace peaksync {
namespace {

constexpr std::size_t kObjects = 75;
constexpr const char* kApiKey = "00000000-1111-2222-3333-444444444444";

HttpResult Created(std::string body) {
  HttpResult result;
  result.answered = true;
  result.response.status = 201;
  result.response.headers = {{"content-type", "application/json"},
                             {"x-ratelimit-limit", "3000"},
                             {"x-ratelimit-remaining", "2999"},
                             {"x-ratelimit-reset", "1790000003"}};
  result.response.body = std::move(body);
  return result;
}

void Read(benchmark::State& state, const HttpResult& result) {
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  for (auto _ : state) {
    Answer answer = ReadAnswer(result, kObjects, kApiKey, now);
    if (answer.kind != Answer::Kind::kAccepted) state.SkipWithError("not accepted");
    benchmark::DoNotOptimize(answer);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_AnswerCreated(benchmark::State& state) {
  Read(state, Created(R"({"attributes_processed":75,"message":"success"})"));
}
BENCHMARK(BM_AnswerCreated);

void BM_AnswerCreatedWithErrors(benchmark::State& state) {
  std::string body = R"({"attributes_processed":70,"message":"success","errors":[)";
  for (int index = 0; index < 75; index += 15) {
    if (index > 0) body += ',';
    body += R"({"type":"The value provided for the 'email' field is not valid.",)"
            R"("input_array":"attributes","index":)" +
            std::to_string(index) + "}";
  }
  Read(state, Created(body + "]}"));
}
BENCHMARK(BM_AnswerCreatedWithErrors);

}  // namespace
}  // namespace peaksync

BENCHMARK_MAIN();
