#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peaksync/v1/customer.pb.h"
#include "server/rules/rules.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace peaksync::simulation {

// A value as a client sends it, and what the simulation knows of it by itself.
struct MadeValue {
  std::string model_name;
  std::string attribute;         // Braze's name.
  std::string json;              // As it must go to Braze.
  std::optional<double> number;  // Of numbers, rounded.
  std::optional<Seen> fault;     // Always invalid, for this reason.
  bool may_be_refused = false;   // By the type that was confirmed; the answer tells.
};

struct MadeUpdate {
  std::string customer;  // SimulatedCustomer::key.
  std::optional<std::int64_t> updated_at;
  std::vector<MadeValue> values;
  v1::CustomerUpdate message;
};

struct MadeBatch {
  std::vector<MadeUpdate> updates;
};

// How a value that the service kept as it came must look in a request.
std::string AsSent(std::string_view attribute, const std::string& json);

// Makes batches: few customers, few values, so that they meet; times on a coarse grid, so that they
// tie. Thread safety: none.
class UpdateMaker {
 public:
  UpdateMaker(World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {}

  MadeBatch MakeBatch();
  // One update of a plain value.
  MadeUpdate MakePlain(const SimulatedCustomer& customer);

  // Why the value is invalid by these rules, sent by this source; nothing: it is not.
  static std::optional<Seen> WhyInvalid(const MadeValue& value, std::string_view source,
                                        const TenantRules& rules);

 private:
  MadeUpdate MakeUpdate(bool of_one_value);
  void SetCustomer(const SimulatedCustomer& customer, MadeUpdate& update);
  void SetTime(MadeUpdate& update);
  void AddValue(int attribute, MadeUpdate& update);
  void AddInvalid(MadeUpdate& update);
  void Add(std::string_view model_name, std::string json, std::optional<double> number,
           const v1::Value& message, MadeUpdate& update);

  World& world_;
  const Scenario& scenario_;
};

}  // namespace peaksync::simulation
