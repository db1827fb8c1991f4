#include "server/rules/attribute_catalog.h"

#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

#include "server/base/limits.h"
#include "tests/support/status_matchers.h"

namespace peaksync {
namespace {

using peaksync::testing::IsOk;
using peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

auto Refused(const std::string& text) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
}

TEST(AttributeCatalog, GivesListedNamesTheirRuleAndRename) {
  TenantRules rules;
  rules.attributes["churn_p"].rename = "churn_probability";
  rules.attributes["plan"];
  AttributeCatalog catalog("acme", rules);
  const auto churn = catalog.Find("churn_p");
  ASSERT_THAT(churn, IsOk());
  EXPECT_EQ((*churn)->name, "churn_probability");
  EXPECT_EQ((*churn)->rule, catalog.RuleOf("churn_probability"));
  const auto plan = catalog.Find("plan");
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ((*plan)->name, "plan");
  EXPECT_NE((*plan)->rule, nullptr);
  EXPECT_EQ(catalog.RuleOf("churn_p"), nullptr);
}

TEST(AttributeCatalog, FindsByBrazesNameWhatWasValidatedBefore) {
  TenantRules rules;
  rules.attributes["churn_p"].rename = "churn_probability";
  AttributeCatalog catalog("acme", rules);
  const auto churn = catalog.FindByBrazeName("churn_probability");
  ASSERT_THAT(churn, IsOk());
  EXPECT_EQ((*churn)->rule, &catalog.rules().attributes.at("churn_p"));
  // Refused under the model's own name when it was not listed yet.
  const auto listed_since = catalog.FindByBrazeName("churn_p");
  ASSERT_THAT(listed_since, IsOk());
  EXPECT_EQ((*listed_since)->name, "churn_probability");
  EXPECT_FALSE(catalog.FindByBrazeName("_no").ok());
}

TEST(AttributeCatalog, TakesUnlistedNamesUpOnce) {
  AttributeCatalog catalog("acme", TenantRules{});
  const auto first = catalog.Find("ltv");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ((*first)->name, "ltv");
  EXPECT_EQ((*first)->rule, nullptr);
  for (int i = 0; i < 500; ++i) ASSERT_THAT(catalog.Find("other_" + std::to_string(i)), IsOk());
  EXPECT_EQ(*catalog.Find("ltv"), *first);
}

TEST(AttributeCatalog, HoldsAtMostAThousandNames) {
  TenantRules rules;
  rules.attributes["listed"];
  AttributeCatalog catalog("acme", rules);
  for (int i = 1; i < limits::kAttributeNamesMax; ++i) {
    ASSERT_THAT(catalog.Find("name_" + std::to_string(i)), IsOk());
  }
  EXPECT_THAT(catalog.Find("one_too_many"), Refused("more than 1,000 attribute names"));
  EXPECT_THAT(catalog.Find("name_1"), IsOk());
  EXPECT_THAT(catalog.Find("listed"), IsOk());
}

TEST(AttributeCatalog, NamesThatCanNotBeUsedTakeNoPlace) {
  AttributeCatalog catalog("acme", TenantRules{});
  for (int i = 0; i < 2 * limits::kAttributeNamesMax; ++i) {
    ASSERT_THAT(catalog.Find("_" + std::to_string(i)), Refused("begin with _"));
  }
  EXPECT_THAT(catalog.Find("ltv"), IsOk());
}

TEST(AttributeCatalog, RefusesNamesThatAreNone) {
  AttributeCatalog catalog("acme", TenantRules{});
  EXPECT_THAT(catalog.Find(""), Refused("no name"));
  EXPECT_THAT(catalog.Find("\xFF"), Refused("UTF-8"));
  EXPECT_THAT(catalog.Find(std::string(256, 'a')), Refused("255 characters"));
  EXPECT_THAT(catalog.Find(std::string(255, 'a')), IsOk());
  std::string accents;
  for (int i = 0; i < 255; ++i) accents += "é";
  EXPECT_THAT(catalog.Find(accents), IsOk());
  EXPECT_THAT(catalog.Find("_merge_objects"), Refused("begin with _"));
}

TEST(AttributeCatalog, RefusesIdentifiersEvenWhenListed) {
  for (const char* name : {"external_id", "braze_id", "user_alias", "alias_name", "alias_label",
                           "push_token_import", "_update_existing_only"}) {
    AttributeCatalog unlisted("acme", TenantRules{});
    EXPECT_THAT(unlisted.Find(name), Refused("")) << name;
    TenantRules rules;
    rules.attributes[name];
    rules.attributes["model_name"].rename = name;
    AttributeCatalog listed("acme", rules);
    EXPECT_THAT(listed.Find(name), Refused("")) << name;
    EXPECT_THAT(listed.Find("model_name"), Refused("")) << name;
    EXPECT_THAT(AttributeCatalog::CheckRules(rules), ::testing::Not(IsEmpty())) << name;
  }
}

TEST(AttributeCatalog, LetsProfileFieldsThroughOnlyWhenListed) {
  for (const char* name : {"email_subscribe", "country", "gender", "email", "phone", "dob",
                           "push_tokens", "subscription_groups", "first_name"}) {
    AttributeCatalog unlisted("acme", TenantRules{});
    EXPECT_THAT(unlisted.Find(name), Refused("[tenants.acme.attributes.")) << name;
    TenantRules rules;
    rules.attributes[name];
    AttributeCatalog listed("acme", rules);
    EXPECT_THAT(listed.Find(name), IsOk()) << name;
  }
  AttributeCatalog catalog("acme", TenantRules{});
  EXPECT_THAT(catalog.Find("Email"), IsOk());  // Braze's names are case sensitive.
}

TEST(AttributeCatalog, SaysHowToPutANameOnTheAllowList) {
  TenantRules rules;
  rules.accept_unlisted_attributes = false;
  rules.attributes["ltv"];
  AttributeCatalog catalog("acme", rules);
  EXPECT_THAT(catalog.Find("ltv"), IsOk());
  EXPECT_THAT(catalog.Find("plan"),
              Refused("not on the allow-list: add [tenants.acme.attributes.plan]"));
  EXPECT_THAT(catalog.Find("a b"), Refused("[tenants.acme.attributes.\"a b\"]"));
}

TEST(AttributeCatalog, HasNoSecondWayToAListedAttribute) {
  TenantRules rules;
  rules.attributes["churn_p"].rename = "churn";
  AttributeCatalog catalog("acme", rules);
  EXPECT_THAT(catalog.Find("churn"), Refused("already what churn_p is written to"));
}

TEST(AttributeCatalog, IsSafeForManyThreads) {
  AttributeCatalog catalog("acme", TenantRules{});
  std::vector<std::vector<const AttributeDef*>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : found) {
      threads.emplace_back([&catalog, &mine] {
        for (int i = 0; i < 900; ++i) mine.push_back(*catalog.Find("name_" + std::to_string(i)));
      });
    }
  }
  for (const auto& mine : found) EXPECT_EQ(mine, found[0]);
}

TEST(CheckRules, FindsNothingWrongWithGoodRules) {
  TenantRules rules;
  rules.attributes["churn"] = {"churn_probability", RuleType::kDouble, {{0, 1}}, 4, 0.005, ""};
  rules.attributes["orders"] = {"", RuleType::kInteger, {{0, 1e6}}, {}, 1, "orders-model"};
  rules.attributes["email_subscribe"] = {"", RuleType::kString, {}, {}, {}, ""};
  EXPECT_THAT(AttributeCatalog::CheckRules(rules), IsEmpty());
}

TEST(CheckRules, NamesEachProblemWithItsAttribute) {
  const auto check = [](const AttributeRule& rule) {
    TenantRules rules;
    rules.attributes["score"] = rule;
    return AttributeCatalog::CheckRules(rules);
  };
  const auto only = [](const std::string& text) {
    return ElementsAre(AllOf(HasSubstr("attribute score: "), HasSubstr(text)));
  };
  EXPECT_THAT(check({"", {}, {{1, 0}}, {}, {}, ""}), only("range"));
  EXPECT_THAT(check({"", {}, {}, 16, {}, ""}), only("0 to 15"));
  EXPECT_THAT(check({"", {}, {}, -1, {}, ""}), only("0 to 15"));
  EXPECT_THAT(check({"", {}, {}, {}, 0, ""}), only("larger than 0"));
  EXPECT_THAT(check({"", RuleType::kInteger, {}, 2, {}, ""}), only("round is for doubles"));
  EXPECT_THAT(check({"", RuleType::kString, {{0, 1}}, {}, {}, ""}), only("range is for numbers"));
  EXPECT_THAT(check({"", RuleType::kBool, {}, {}, 1, ""}), only("min_change is for numbers"));
  EXPECT_THAT(check({"_x", {}, {}, {}, {}, ""}), only("rename: "));
}

TEST(CheckRules, FindsTwoNamesForOneAttribute) {
  TenantRules rules;
  rules.attributes["churn_a"].rename = "churn";
  rules.attributes["churn_b"].rename = "churn";
  EXPECT_THAT(AttributeCatalog::CheckRules(rules),
              ElementsAre(AllOf(HasSubstr("churn_b"), HasSubstr("churn_a"))));
}

}  // namespace
}  // namespace peaksync
