#include "bench/parts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/child_process.h"
#include "bench/load_stream.h"
#include "bench/mock_load.h"
#include "bench/part_timer.h"
#include "bench/track_load.h"
#include "bench/update_message.h"
#include "server/api/decode.h"
#include "server/braze/track_request.h"
#include "server/domain/customer.h"
#include "server/domain/value.h"

namespace peaksync::bench {
namespace {

constexpr std::uint32_t kCustomersMax = 1'000'000;
constexpr std::uint32_t kCustomersOfFastParts = 200'000;
constexpr std::size_t kMessagesReused = 1'000;
constexpr std::size_t kMockConnections = 16;
constexpr absl::Duration kPatience = absl::Seconds(30);

CustomerBook& FirstBook(Rig& rig) { return rig.tenants().front().book; }

}  // namespace

absl::StatusOr<PartCost> MeasureGrpc(Rig& rig, std::uint32_t customers, int updates) {
  PartCost cost;
  cost.name = updates == 1 ? "grpc_single" : "grpc";
  cost.what = absl::StrCat("driver and a server that only reads, ", updates, " updates a message");
  auto sink = ChildProcess::Start({absl::StrCat(rig.options().binary_folder, "/bench_grpc_sink")},
                                  absl::StrCat(rig.folder(), "/grpc_sink.log"));
  if (!sink.ok()) return sink.status();
  const std::string label = "listening on ";
  const auto line = (*sink)->AwaitLine(label, kPatience);
  if (!line.ok()) return line.status();
  const std::string address = line->substr(line->find(label) + label.size());
  const std::vector<std::uint32_t> order = FirstBook(rig).NextOrder(customers);
  const auto before = ReadProcUsage((*sink)->pid());
  if (!before.ok()) return before.status();
  const double driver_before = OwnCpuSeconds();
  const auto result = StreamLoad(address, "token",
                                 {&FirstBook(rig).population(), &order,
                                  &FirstBook(rig).generations(), updates, absl::UnixEpoch()});
  if (!result.ok()) return result.status();
  cost.driver_cpu_seconds = OwnCpuSeconds() - driver_before;
  const auto after = ReadProcUsage((*sink)->pid());
  if (!after.ok()) return after.status();
  cost.cpu_seconds = cost.driver_cpu_seconds + after->cpu_seconds() - before->cpu_seconds();
  cost.customers = static_cast<std::int64_t>(order.size());
  cost.wall_seconds = absl::ToDoubleSeconds(result->received);
  if (result->run.values().received() != cost.customers * kAttributesPerCustomer) {
    return absl::InternalError("the sink did not receive every value");
  }
  if (const auto stopped = (*sink)->Stop(kPatience); !stopped.ok()) return stopped.status();
  return cost;
}

PartCost MeasureDecode(const Rig& rig, std::uint32_t customers) {
  PartCost cost;
  cost.name = "decode";
  cost.what = "a parsed message to what the ledger decides on";
  const Population population(rig.options().seed);
  std::vector<v1::CustomerUpdate> updates(std::min<std::size_t>(kMessagesReused, customers));
  for (std::uint32_t i = 0; i < updates.size(); ++i) FillUpdate(population, i, 0, &updates[i]);
  const TenantRules rules;
  AttributeCatalog catalog("bench", rules);
  const UnixNanos now = absl::ToUnixNanos(absl::Now());
  const DecodeContext context{catalog, "bench", now, now};
  PartTimer timer(&cost);
  timer.Resume();
  std::int64_t values = 0;
  for (std::uint32_t i = 0; i < customers; ++i) {
    const PreparedUpdate update = DecodeUpdate(updates[i % updates.size()], i, context);
    values += static_cast<std::int64_t>(update.values.size());
  }
  timer.Pause();
  cost.customers = values / kAttributesPerCustomer;
  return cost;
}

PartCost MeasureTrackBody(const Rig& rig, std::uint32_t customers) {
  PartCost cost;
  cost.name = "track_body";
  cost.what = "bodies of 75 customers, from values that are JSON already";
  const Population population(rig.options().seed);
  std::vector<Customer> named;
  std::vector<std::array<std::string, kAttributesPerCustomer>> json;
  for (std::uint32_t number = 0; number < kObjectsPerRequest; ++number) {
    const Prediction made = population.Predict(number, 0);
    named.push_back({IdentifierKind::kExternalId, population.Id(number), ""});
    json.push_back({Value::Double(made.churn_probability).json(),
                    Value::Double(made.lifetime_value).json(), Value::Integer(made.orders).json(),
                    Value::Bool(made.is_high_value).json(), Value::Text(made.offer).json()});
  }
  std::vector<TrackObject> objects(kObjectsPerRequest);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    objects[i].customer = &named[i];
    objects[i].attributes = {{kChurnProbability, json[i][0]},
                             {kLifetimeValue, json[i][1]},
                             {kOrders, json[i][2]},
                             {kIsHighValue, json[i][3]},
                             {kOffer, json[i][4]}};
  }
  constexpr std::size_t kBytesMax = 4'000'000;
  PartTimer timer(&cost);
  timer.Resume();
  for (std::uint32_t done = 0; done < customers; done += kObjectsPerRequest) {
    TrackBody body(/*create_profiles=*/true);
    for (const TrackObject& object : objects) body.AddIfFits(object, kBytesMax);
    cost.customers += static_cast<std::int64_t>(body.objects());
    const std::string text = std::move(body).Finish();
    if (text.empty()) break;
  }
  timer.Pause();
  return cost;
}

absl::StatusOr<PartCost> MeasureMock(Rig& rig, std::uint32_t customers) {
  PartCost cost;
  cost.name = "mock";
  cost.what = "the mock alone, changed profiles, 75 objects a request";
  if (const auto set = rig.Prepare(absl::ZeroDuration(), /*limiter=*/false); !set.ok()) {
    return set.status();
  }
  CustomerBook& book = FirstBook(rig);
  const std::vector<std::uint32_t> order = book.NextOrder(customers);
  const std::vector<LoadRequest> requests = TrackRequestsFor(
      rig.tenants().front().names.key, book.population(), order, book.generations(), /*ahead=*/1);
  MockLoad load(rig.mock_port(), kMockConnections);
  const auto before = ReadProcUsage(rig.mock().pid());
  if (!before.ok()) return before.status();
  cost.wall_seconds = load.Drive(requests);
  const auto after = ReadProcUsage(rig.mock().pid());
  if (!after.ok()) return after.status();
  cost.cpu_seconds = after->cpu_seconds() - before->cpu_seconds();
  cost.customers = static_cast<std::int64_t>(order.size());
  return cost;
}

absl::StatusOr<std::vector<PartCost>> MeasureParts(Rig& rig) {
  const std::uint32_t most = std::min(rig.options().customers, kCustomersMax);
  const std::uint32_t some = std::min(rig.options().customers, kCustomersOfFastParts);
  std::vector<PartCost> parts;
  const auto add = [&parts](absl::StatusOr<PartCost> cost, bool in_changed, bool in_unchanged) {
    if (!cost.ok()) return cost.status();
    cost->in_changed = in_changed;
    cost->in_unchanged = in_unchanged;
    std::fprintf(stderr, "%-16s ... %.3f us CPU a customer\n", cost->name.c_str(),
                 cost->cpu_seconds * 1e6 / static_cast<double>(cost->customers));
    parts.push_back(*std::move(cost));
    return absl::OkStatus();
  };
  absl::Status done = add(MeasureGrpc(rig, most, rig.options().batch_size), true, true);
  if (done.ok()) done = add(MeasureGrpc(rig, some, 1), false, false);
  if (done.ok()) done = add(MeasureDecode(rig, some), true, true);
  auto sqlite = MeasureSqlite(rig, most);
  if (!sqlite.ok()) return sqlite.status();
  for (PartCost& part : *sqlite) {
    const bool is_read = part.name == "sqlite_lookup";
    if (done.ok()) done = add(std::move(part), true, is_read);
  }
  if (done.ok()) done = add(MeasureTrackBody(rig, some), true, false);
  if (done.ok()) done = add(MeasureCurl(rig, some), true, false);
  if (done.ok()) done = add(MeasureMock(rig, some), true, false);
  if (!done.ok()) return done;
  return parts;
}

}  // namespace peaksync::bench
