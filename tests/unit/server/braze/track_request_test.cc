#include "server/braze/track_request.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "server/domain/customer.h"

namespace peaksync {
namespace {

std::string Body(bool create_profiles, const std::vector<TrackObject>& objects) {
  TrackBody body(create_profiles);
  for (const TrackObject& object : objects) body.Add(object);
  const std::size_t size = body.size();
  std::string text = std::move(body).Finish();
  EXPECT_EQ(size, text.size());
  return text;
}

TEST(TrackBody, IsAnEmptyListAtFirst) { EXPECT_EQ(Body(true, {}), R"({"attributes":[]})"); }

TEST(TrackBody, WritesIdentifierThenAttributesInOrder) {
  const Customer ada{IdentifierKind::kExternalId, "u-1", ""};
  const Customer bob{IdentifierKind::kExternalId, "u-2", ""};
  EXPECT_EQ(
      Body(true, {{&ada, {{"plan", R"("gold")"}, {"churn", "0.25"}}}, {&bob, {{"plan", "null"}}}}),
      R"({"attributes":[{"external_id":"u-1","plan":"gold","churn":0.25},)"
      R"({"external_id":"u-2","plan":null}]})");
}

// docs/braze-contract.md 2.1, 2.2.
TEST(TrackBody, WritesEveryKindOfIdentifier) {
  const struct {
    Customer customer;
    std::string created;
    std::string updated;
  } cases[] = {
      {{IdentifierKind::kExternalId, "u", ""},
       R"({"external_id":"u","a":1})",
       R"({"external_id":"u","_update_existing_only":true,"a":1})"},
      {{IdentifierKind::kBrazeId, "b", ""},
       R"({"braze_id":"b","a":1})",
       R"({"braze_id":"b","_update_existing_only":true,"a":1})"},
      {{IdentifierKind::kEmail, "A@x.org", ""},
       R"({"email":"A@x.org","a":1})",
       R"({"email":"A@x.org","_update_existing_only":true,"a":1})"},
      {{IdentifierKind::kPhone, "+49170", ""},
       R"({"phone":"+49170","a":1})",
       R"({"phone":"+49170","_update_existing_only":true,"a":1})"},
      {{IdentifierKind::kUserAlias, "n", "l"},
       R"({"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":false,"a":1})",
       R"({"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":true,"a":1})"},
  };
  for (const auto& test : cases) {
    const std::vector<TrackObject> objects = {{&test.customer, {{"a", "1"}}}};
    EXPECT_EQ(Body(true, objects), R"({"attributes":[)" + test.created + "]}");
    EXPECT_EQ(Body(false, objects), R"({"attributes":[)" + test.updated + "]}");
  }
}

TEST(TrackBody, EscapesIdentifiersAndNames) {
  const Customer customer{IdentifierKind::kUserAlias, "n\"\\", "l\n"};
  EXPECT_EQ(
      Body(true, {{&customer, {{"say \"hi\"", "true"}, {"größe", "1"}}}}),
      "{\"attributes\":[{\"user_alias\":{\"alias_name\":\"n\\\"\\\\\",\"alias_label\":\"l\\n\"},"
      "\"_update_existing_only\":false,\"say \\\"hi\\\"\":true,\"größe\":1}]}");
}

TEST(TrackBody, AddsOnlyWhatFits) {
  const Customer ada{IdentifierKind::kExternalId, "u-1", ""};
  const Customer bob{IdentifierKind::kExternalId, "u-2", ""};
  const std::string one = Body(true, {{&ada, {{"a", "1"}}}});

  TrackBody body(true);
  EXPECT_FALSE(body.AddIfFits({&ada, {{"a", "1"}}}, one.size() - 1));
  EXPECT_EQ(body.objects(), 0u);
  EXPECT_TRUE(body.AddIfFits({&ada, {{"a", "1"}}}, one.size()));
  EXPECT_FALSE(body.AddIfFits({&bob, {{"a", "1"}}}, one.size()));
  EXPECT_EQ(body.objects(), 1u);
  EXPECT_EQ(body.size(), one.size());
  EXPECT_EQ(std::move(body).Finish(), one);
}

}  // namespace
}  // namespace peaksync
