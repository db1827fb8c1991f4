#include "server/base/metrics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/base/text.h"

namespace peaksync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Described {
  std::string type;
  std::string help;
  std::map<std::string, std::set<std::string>> labels;  // With their values.

  friend bool operator==(const Described&, const Described&) = default;
  friend void PrintTo(const Described& d, std::ostream* out) {
    *out << d.type << " \"" << d.help << "\"";
    for (const auto& [label, values] : d.labels) {
      *out << " " << label << "=";
      for (const auto& value : values) *out << value << ",";
    }
  }
};
using Table = std::map<std::string, Described>;

// Labels whose values are not a closed set stand in the document without values.
const std::set<std::string> kOpenLabels = {"tenant", "version"};

void AddLabels(std::string_view labels, Described& metric) {
  for (std::string_view label : text::Split(labels, ',')) {
    const std::size_t equals = label.find('=');
    const std::string name(label.substr(0, equals));
    if (name == "le") continue;  // A histogram's bucket.
    std::set<std::string>& values = metric.labels[name];
    if (!kOpenLabels.contains(name))
      values.emplace(label.substr(equals + 2, label.size() - equals - 3));
  }
}

// The family of a series: a histogram's have endings of their own.
std::string FamilyOf(std::string name, const Table& table) {
  for (const std::string_view ending : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(ending)) continue;
    const std::string family = name.substr(0, name.size() - ending.size());
    if (table.contains(family)) return family;
  }
  return name;
}

Table Exposed(const std::string& exposition) {
  Table table;
  for (std::string_view line : text::Split(exposition, '\n')) {
    if (line.empty()) continue;
    if (text::ConsumePrefix(line, "# HELP ")) {
      const std::size_t end = line.find(' ');
      table[std::string(line.substr(0, end))].help = line.substr(end + 1);
    } else if (text::ConsumePrefix(line, "# TYPE ")) {
      const std::size_t end = line.find(' ');
      table[std::string(line.substr(0, end))].type = line.substr(end + 1);
    } else {
      const std::size_t brace = line.find('{');
      const std::size_t end = line.find('}');
      Described& metric = table[FamilyOf(std::string(line.substr(0, brace)), table)];
      AddLabels(line.substr(brace + 1, end - brace - 1), metric);
    }
  }
  return table;
}

std::string Bare(std::string_view cell) {
  std::string bare(text::Strip(cell));
  std::erase(bare, '`');
  return bare;
}

// Rows like "| `name` | type | `tenant`, `state` = running, paused | meaning |".
Table Documented(std::istream& document) {
  Table table;
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("| `")) continue;
    const auto cells = text::Split(line, '|');
    if (cells.size() != 6) continue;
    Described metric{Bare(cells[2]), Bare(cells[4]), {}};
    std::string label;
    for (const std::string_view part : text::Split(cells[3], ',')) {
      if (part.find('`') == std::string_view::npos) {
        metric.labels[label].insert(Bare(part));
        continue;
      }
      const std::size_t equals = part.find('=');
      label = Bare(part.substr(0, equals));
      metric.labels[label];
      if (equals != std::string_view::npos) {
        metric.labels[label].insert(Bare(part.substr(equals + 1)));
      }
    }
    table[Bare(cells[1])] = metric;
  }
  return table;
}

TEST(Metrics, DocumentIsWhatTheServiceExposes) {
  Metrics metrics("1.2.3");
  metrics.Tenant("acme");
  std::ifstream document(PEAKSYNC_METRICS_DOCUMENT);
  ASSERT_TRUE(document.good());
  const Table documented = Documented(document);
  const Table exposed = Exposed(metrics.Serialize());
  EXPECT_EQ(exposed.size(), 19U);
  for (const auto& [name, metric] : exposed) {
    ASSERT_TRUE(documented.contains(name)) << name;
    EXPECT_EQ(documented.at(name), metric) << name;
  }
  for (const auto& [name, metric] : documented) EXPECT_TRUE(exposed.contains(name)) << name;
}

TEST(Metrics, CountsForTheTenantAlone) {
  Metrics metrics("1.2.3");
  TenantMetrics& acme = metrics.Tenant("acme");
  metrics.Tenant("zeta");
  acme.UpdatesReceived(3);
  acme.UpdatesReceived(4);
  acme.ValuesReceived(20);
  acme.Values(ValueOutcome::kDiscarded, 5);
  acme.SetWaiting(10, 2, 300);
  acme.BrazeRequest(RequestOutcome::kTryLater, absl::Milliseconds(400));
  acme.BrazeObjects(ObjectFate::kReturned, 75);
  acme.SetRequestsInFlight(6);
  acme.LedgerCommit(absl::Milliseconds(2));
  acme.RunEnded(RunEnd::kAbandoned);
  acme.SetMisconfigured(true);
  const std::string text = metrics.Serialize();
  for (const char* line : {"peaksync_updates_received_total{tenant=\"acme\"} 7\n",
                           "peaksync_updates_received_total{tenant=\"zeta\"} 0\n",
                           "peaksync_values_received_total{tenant=\"acme\"} 20\n",
                           "peaksync_waiting_values{tenant=\"acme\"} 10\n",
                           "peaksync_waiting_customers{tenant=\"acme\"} 2\n",
                           "peaksync_waiting_bytes{tenant=\"acme\"} 300\n",
                           "peaksync_braze_requests_in_flight{tenant=\"acme\"} 6\n",
                           "peaksync_braze_request_seconds_sum{tenant=\"acme\"} 0.4",
                           "peaksync_ledger_commit_seconds_count{tenant=\"acme\"} 1\n",
                           "peaksync_tenant_misconfigured{tenant=\"acme\"} 1\n",
                           "peaksync_build_info{version=\"1.2.3\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  // Prometheus does not order labels.
  for (const char* sample :
       {"state=\"discarded\",tenant=\"acme\"} 5\n", "outcome=\"try_later\",tenant=\"acme\"} 1\n",
        "outcome=\"returned\",tenant=\"acme\"} 75\n", "state=\"abandoned\",tenant=\"acme\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(sample));
  }
}

TEST(Metrics, DeliveryIsInExactlyOneState) {
  Metrics metrics("1");
  TenantMetrics& acme = metrics.Tenant("acme");
  acme.SetDeliveryState(DeliveryState::kRunning);
  acme.SetDeliveryState(DeliveryState::kPaused);
  const std::string text = metrics.Serialize();
  EXPECT_THAT(
      text, AllOf(HasSubstr("peaksync_delivery_state{state=\"paused\",tenant=\"acme\"} 1\n"),
                  HasSubstr("peaksync_delivery_state{state=\"running\",tenant=\"acme\"} 0\n"),
                  HasSubstr("peaksync_delivery_state{state=\"backing_off\",tenant=\"acme\"} 0\n")));
}

TEST(Metrics, DeliveryIsBlockedByOneCauseAtMost) {
  Metrics metrics("1");
  TenantMetrics& acme = metrics.Tenant("acme");
  acme.SetDeliveryBlocked(DeliveryCause::kOtherWorkspace, absl::FromUnixSeconds(10), std::nullopt);
  acme.SetDeliveryBlocked(DeliveryCause::kNoAnswer, absl::FromUnixSeconds(70),
                          absl::FromUnixSeconds(130));
  const std::string text = metrics.Serialize();
  EXPECT_THAT(text,
              AllOf(HasSubstr("peaksync_delivery_blocked{cause=\"no_answer\",tenant=\"acme\"} 1\n"),
                    HasSubstr("{cause=\"other_workspace\",tenant=\"acme\"} 0\n"),
                    HasSubstr("peaksync_delivery_state_since_seconds{tenant=\"acme\"} 70\n"),
                    HasSubstr("peaksync_delivery_next_attempt_seconds{tenant=\"acme\"} 130\n")));
  acme.SetDeliveryBlocked(DeliveryCause::kNone, absl::FromUnixSeconds(131), std::nullopt);
  const std::string after = metrics.Serialize();
  EXPECT_THAT(after, HasSubstr("{cause=\"no_answer\",tenant=\"acme\"} 0\n"));
  EXPECT_THAT(after, HasSubstr("peaksync_delivery_next_attempt_seconds{tenant=\"acme\"} 0\n"));
}

TEST(Metrics, OpenStreamsGoUpAndDown) {
  Metrics metrics("1");
  TenantMetrics& acme = metrics.Tenant("acme");
  acme.StreamOpened();
  acme.StreamOpened();
  acme.StreamClosed();
  EXPECT_THAT(metrics.Serialize(), HasSubstr("peaksync_streams_open{tenant=\"acme\"} 1\n"));
}

TEST(Metrics, ATenantHasOneHandle) {
  Metrics metrics("1");
  EXPECT_EQ(&metrics.Tenant("acme"), &metrics.Tenant("acme"));
  EXPECT_NE(&metrics.Tenant("acme"), &metrics.Tenant("zeta"));
}

}  // namespace
}  // namespace peaksync
