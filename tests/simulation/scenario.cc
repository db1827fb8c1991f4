#include "tests/simulation/scenario.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace peaksync::simulation {
namespace {

constexpr int kCustomers = 30;

AttributeRule RuleOf(RuleType type) {
  AttributeRule rule;
  rule.type = type;
  return rule;
}

TenantRules MakeRules(Random& random, bool create_profiles) {
  TenantRules rules;
  rules.create_profiles = create_profiles;
  AttributeRule score = RuleOf(RuleType::kDouble);
  score.range = {0, 100};
  score.round = 2;
  if (random.Chance(85)) score.min_change = 0.05;
  rules.attributes["score"] = score;
  AttributeRule tier = RuleOf(RuleType::kString);
  tier.rename = "customer_tier";
  rules.attributes["tier"] = tier;
  AttributeRule visits = RuleOf(RuleType::kInteger);
  visits.range = {0, random.Chance(50) ? 10 : 4};
  rules.attributes["visits"] = visits;
  AttributeRule flag = RuleOf(RuleType::kBool);
  if (random.Chance(50)) flag.source = "alpha";
  rules.attributes["flag"] = flag;
  rules.attributes["note"];  // Of any type.
  rules.attributes["basket"];
  rules.accept_unlisted_attributes = random.Chance(50);
  rules.on_invalid = random.Chance(50) ? TenantRules::OnInvalid::kSkipUpdate
                                       : TenantRules::OnInvalid::kSkipAttribute;
  rules.max_invalid_percent = random.Chance(50) ? 100 : random.Between(2, 30);
  if (random.Chance(15)) rules.max_waiting_bytes = random.Between(2'000, 15'000);
  // Without it Braze never gets what it ignored before the profile existed.
  if (random.Chance(20) || !create_profiles) {
    rules.resend_after = absl::Minutes(random.Between(1, 30));
  }
  return rules;
}

SimulatedCustomer MakeCustomer(int number) {
  SimulatedCustomer made;
  v1::Customer customer;
  switch (number % 6) {
    case 0:
      customer.set_email(absl::StrCat("ann", number, "@shop.test"));
      made.key = absl::StrCat("email:", customer.email());
      made.spelling.push_back(customer);
      customer.set_email(absl::StrCat("Ann", number, "@SHOP.test"));
      break;
    case 1:
      customer.set_phone(absl::StrCat("+4930", 100'000 + number));
      made.key = absl::StrCat("phone:", customer.phone());
      break;
    case 2:
      customer.mutable_user_alias()->set_alias_name(absl::StrCat("a", number));
      customer.mutable_user_alias()->set_alias_label("crm");
      made.key = absl::StrCat("alias:a", number, "/crm");
      break;
    case 3:
      customer.set_braze_id(absl::StrCat("b", number));
      made.key = absl::StrCat("braze_id:b", number);
      break;
    default:
      customer.set_external_id(absl::StrCat("u", number));
      made.key = absl::StrCat("external_id:u", number);
      break;
  }
  made.spelling.push_back(customer);
  return made;
}

LaneOptions MakeLane(Random& random) {
  LaneOptions lane;
  lane.route.endpoint = "https://rest.test";
  lane.objects_max = random.Between(1, 12);
  if (random.Chance(30)) lane.bytes_max = static_cast<std::size_t>(random.Between(300, 3'000));
  lane.linger = absl::Milliseconds(random.Between(0, 200));
  if (random.Chance(30)) {
    lane.pace = {static_cast<double>(random.Between(1, 40)), absl::Seconds(3), 0.8};
  }
  if (random.Chance(20)) lane.pace.hourly_limit = random.Between(20, 100);
  lane.requests_in_flight_max = random.Between(1, 8);
  lane.request_timeout = absl::Seconds(random.Between(2, 60));
  return lane;
}

}  // namespace

Scenario::Scenario(std::uint64_t seed) {
  Random random(seed ^ 0x5CE0A710ULL);
  for (int i = 0; i < kCustomers; ++i) customers.push_back(MakeCustomer(i));
  if (random.Chance(60)) {
    for (int i = random.Between(1, 4); i > 0; --i) {
      customers[random.Below(kCustomers)].poison = static_cast<Poison>(random.Between(1, 5));
    }
  }
  const int share = random.Between(5, 100);
  for (int i = 0; i < static_cast<int>(BrazeFault::kEnd); ++i) {
    if (random.Chance(share)) faults.push_back(static_cast<BrazeFault>(i));
  }
  fault_percent = faults.empty() ? 0 : random.Between(0, 40);
  refuses_all = random.Chance(15);
  body_bytes_max = random.Chance(25) ? static_cast<std::size_t>(random.Between(150, 900)) : 0;
  slow_percent = random.Between(0, 30);

  create_profiles = random.Chance(80);
  if (!create_profiles) {
    for (SimulatedCustomer& customer : customers) customer.exists = random.Chance(50);
  }
  lane = MakeLane(random);
  lane.route.create_profiles = create_profiles;
  for (int i = 0; i < 3; ++i) {
    rules.push_back(std::make_shared<TenantRules>(MakeRules(random, create_profiles)));
  }
  group_updates_max = random.Chance(30) ? random.Between(1, 10) : 20'000;

  const auto some = [&](int percent, int most) {
    return random.Chance(percent) ? random.Between(1, most) : 0;
  };
  kill = some(60, 30);
  terminate = some(50, 20);
  disk_fault = some(40, 25);
  key_fault = some(30, 10);
  cancel = some(40, 15);
  retry = some(40, 15);
  resync = some(35, 15);
  reload = some(35, 15);
  long_pause = some(25, 6);
  clock_jump = some(25, 12);
  low_disk = some(25, 12);
  move = some(15, 6);
  restore = some(20, 8);
  back_up = restore > 0 ? random.Between(5, 30) : 0;
  new_profile = create_profiles ? 0 : random.Between(5, 60);
  full_runs = random.Chance(50) ? random.Between(5, 50) : 0;
  invalid_values = random.Chance(60) ? random.Between(1, 12) : 0;
  broken_streams = random.Chance(70) ? random.Between(1, 15) : 0;
  updates_of_one = random.Between(10, 90);
  updates = random.Between(200, 260);
  counts_every_commit = random.Chance(10);
}

}  // namespace peaksync::simulation
