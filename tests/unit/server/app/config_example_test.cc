// examples/peaksyncd.toml is the reference of the configuration: it must load, and hold every key.

#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/app/config.h"
#include "server/base/text.h"
#include "tests/unit/server/app/fake_inputs.h"

namespace peaksync {
namespace {

using ::peaksync::testing::FakeInputs;
using ::peaksync::testing::Lines;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string ReadExample() {
  std::ifstream file(PEAKSYNC_EXAMPLE_CONFIG);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// An optional key, shown as "#key = …". Prose has a blank after the #.
bool IsOptionalKey(std::string_view line) {
  return line.size() > 1 && line[0] == '#' && line[1] != ' ' &&
         line.find(" = ") != std::string_view::npos;
}

std::string WithOptionalKeys(const std::string& example) {
  std::string text;
  for (const std::string_view line : text::Split(example, '\n')) {
    text += IsOptionalKey(line) ? line.substr(1) : line;
    text += '\n';
  }
  return text;
}

ConfigResult Load(const std::string& text) {
  FakeInputs inputs;
  inputs.files = {{"/e/peaksyncd.toml", text},  {"/e/acme.tokens", "token-0123456789abcdef"},
                  {"/e/acme.braze-key", "key"}, {"/e/server.crt", "pem"},
                  {"/e/server.key", "pem"},     {"/e/clients.crt", "pem"}};
  inputs.variables = {{"ACME_TOKENS", "another-0123456789abcdef"}, {"ACME_BRAZE_KEY", "key"}};
  return LoadConfig("/e/peaksyncd.toml", inputs);
}

// "tenants.NAME.braze.linger" for every key and table of the example, commented or not.
std::set<std::string> KeysIn(const std::string& example) {
  std::set<std::string> keys;
  std::string section;
  const std::string all = WithOptionalKeys(example);
  for (const std::string_view raw : text::Split(all, '\n')) {
    const std::string line(raw);
    if (line.starts_with("[")) {
      section = line.substr(1, line.size() - 2);
      for (const auto& [name, schema] :
           {std::pair{"tenants.acme", "tenants.NAME"},
            std::pair{"attributes.churn_probability", "attributes.MODEL"}}) {
        const std::size_t at = section.find(name);
        if (at != std::string::npos) section.replace(at, std::string_view(name).size(), schema);
      }
    } else if (!line.empty() && line[0] != '#') {
      const std::string key = line.substr(0, line.find(' '));
      keys.insert(section.empty() ? key : section + "." + key);
    }
  }
  return keys;
}

TEST(ExampleConfig, LoadsWithoutAProblem) {
  const ConfigResult result = Load(ReadExample());
  EXPECT_THAT(Lines(result), IsEmpty());
  ASSERT_THAT(result.config.tenants, SizeIs(1));
  EXPECT_EQ(result.config.tenants[0].rules.attributes.at("churn_probability").round, 4);
}

TEST(ExampleConfig, OptionalKeysAreRealOnes) {
  // The two places for the key are the only two keys that exclude each other.
  EXPECT_THAT(Lines(Load(WithOptionalKeys(ReadExample()))),
              ElementsAre(HasSubstr("api_key_env: contradicts api_key_file")));
}

TEST(ExampleConfig, HoldsEveryKeyThatTheReaderKnows) {
  const std::string example = ReadExample();
  const std::set<std::string> documented = KeysIn(example);
  // Tables, which the example holds as [headers].
  std::set<std::string> known = Load(WithOptionalKeys(example)).known_keys;
  for (const char* table :
       {"server", "admin", "ledger", "tenants", "tenants.NAME.braze", "tenants.NAME.attributes"}) {
    EXPECT_EQ(known.erase(table), 1U) << table;
  }
  // The members of the one inline table.
  EXPECT_THAT(example, HasSubstr("{ requests = 3000, per = \"3s\" }"));
  known.erase("tenants.NAME.braze.rate_limit.requests");
  known.erase("tenants.NAME.braze.rate_limit.per");
  EXPECT_EQ(documented, known);
}

TEST(ExampleConfig, ShowsTheDefaults) {
  const Config shown = Load(WithOptionalKeys(ReadExample())).config;
  const TenantConfig& tenant = shown.tenants.at(0);
  const TenantRules rules;
  EXPECT_EQ(tenant.rules.on_invalid, rules.on_invalid);
  EXPECT_EQ(tenant.rules.accept_unlisted_attributes, rules.accept_unlisted_attributes);
  EXPECT_EQ(tenant.rules.create_profiles, rules.create_profiles);
  EXPECT_EQ(tenant.rules.max_invalid_percent, rules.max_invalid_percent);
  EXPECT_EQ(tenant.rules.max_rejections, rules.max_rejections);
  EXPECT_EQ(tenant.rules.max_waiting_bytes, rules.max_waiting_bytes);
  const BrazeConfig braze;
  EXPECT_EQ(tenant.braze.batch_max_objects, braze.batch_max_objects);
  EXPECT_EQ(tenant.braze.batch_max_bytes, braze.batch_max_bytes);
  EXPECT_EQ(tenant.braze.linger, braze.linger);
  EXPECT_EQ(tenant.braze.rate_limit_requests, braze.rate_limit_requests);
  EXPECT_EQ(tenant.braze.rate_limit_per, braze.rate_limit_per);
  EXPECT_EQ(tenant.braze.rate_share, braze.rate_share);
  EXPECT_EQ(tenant.braze.track_bulk, braze.track_bulk);
  EXPECT_EQ(shown.ledger.min_free_disk, LedgerConfig().min_free_disk);
  EXPECT_EQ(shown.server.listen, ServerConfig().listen);
  EXPECT_EQ(shown.server.insecure, ServerConfig().insecure);
  EXPECT_EQ(shown.admin.listen, AdminConfig().listen);
  EXPECT_EQ(shown.admin.insecure, AdminConfig().insecure);
}

}  // namespace
}  // namespace peaksync
