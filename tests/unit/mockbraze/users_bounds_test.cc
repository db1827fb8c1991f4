#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"
#include "mockbraze/users/happenings.h"
#include "mockbraze/users/nested_rules.h"
#include "mockbraze/users/users.h"
#include "tests/unit/mockbraze/service_fixture.h"

// What keeps the users small, finite and quick whatever is sent. Sizes are such that work of their
// square would go on for minutes.
namespace mockbraze {
namespace {

class UsersBound : public ServiceFixture {
 protected:
  UsersBound() : users_(1, clock_) {}

  static std::vector<TrackObject> Objects(const std::string& body) {
    return ReadTrackRequest(body).value().objects;
  }
  static std::vector<TrackObject> User(const std::string& members) {
    return Objects(R"({"attributes":[{"external_id":"u",)" + members + "}]}");
  }
  Response Load(const std::string& profiles) {
    return Control("/_mock/profiles", R"({"profiles":)" + profiles + "}");
  }
  static Identifier Id() { return {IdKind::kExternalId, "u", {}}; }
  Value Field(const std::string& name, const std::string& user = "external_id=u") {
    const Value profile = Parsed(Get("/_mock/users?" + user).body);
    const Value* field = profile.Find(name);
    return field ? *field : Value();
  }

  Users users_;
};

std::string Groups(std::size_t count, const std::string& state) {
  Value::List groups;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string digits = std::to_string(100'000 + i);
    groups.push_back(
        Value::Object{{"subscription_group_id", "00000000-0000-0000-0000-000000" + digits},
                      {"subscription_state", state}});
  }
  return R"("subscription_groups":)" + ToJson(groups);
}

std::string Happenings(std::size_t count) {
  Value::List list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(Value::Object{{"name", "e" + std::to_string(i)},
                                 {"first", "2026-01-01"},
                                 {"last", "2026-01-01"},
                                 {"count", limits::happening_count_max}});
  }
  return ToJson(list);
}

TEST_F(UsersBound, HoldsSubscriptionGroups) {
  Track(R"({"attributes":[{"external_id":"v","email":"a@b.co"}]})");
  Set(R"("email":"a@b.co",)" + Groups(36'000, "subscribed"));
  Set(Groups(36'000, "unsubscribed"));
  for (const std::string user : {"external_id=u", "external_id=v"}) {
    const Value groups = Field("subscription_groups", user);
    ASSERT_TRUE(groups.list()) << user;
    EXPECT_EQ(groups.list()->size(), limits::profile_groups_max);
    EXPECT_EQ(*groups.list()->back().Find("subscription_state"), Value("unsubscribed"));
  }
  EXPECT_EQ(Drops("profile-full"), 2);
}

TEST_F(UsersBound, HoldsUsersThatShareAGroup) {
  std::string profiles;
  for (std::size_t i = 0; i <= limits::group_users_max; ++i) {
    profiles += R"({"external_id":")" + std::to_string(i) + R"(","email":"a@b.co"},)";
  }
  Load("[" + profiles + R"({"external_id":"u","email":"a@b.co"}])");
  Set(Groups(1, "subscribed"));
  EXPECT_EQ(Drops("group-not-shared"), 1);
}

TEST_F(UsersBound, HoldsNamesOfEvents) {
  const auto load = [&](std::size_t events) {
    return Load(R"([{"external_id":"u","custom_events":)" + Happenings(events) + "}]");
  };
  EXPECT_NE(load(60'000).body.find("at most 5000 items"), std::string::npos);
  EXPECT_EQ(load(limits::profile_happenings_max).status, 200);
  for (const std::string name : {"e1", "new"}) {
    Track(R"({"events":[{"external_id":"u","name":")" + name + R"(","time":"2026-01-01"}]})");
  }
  EXPECT_EQ(Field("custom_events").list()->size(), limits::profile_happenings_max);
  EXPECT_EQ(Drops("profile-full"), 1);
}

TEST_F(UsersBound, HoldsNamesOfProducts) {
  Load(R"([{"external_id":"u","purchases":)" + Happenings(limits::profile_happenings_max) + "}]");
  Track(R"({"purchases":[{"external_id":"u","product_id":"new","currency":"EUR","price":1,
                          "time":"2026-01-01"}]})");
  EXPECT_EQ(Drops("profile-full"), 1);
  EXPECT_EQ(Field("total_revenue"), Value(0.0));
}

TEST_F(UsersBound, HoldsCounts) {
  Load(R"([{"external_id":"u","custom_events":)" + Happenings(1) +
       R"(},{"external_id":"v","custom_events":)" + Happenings(1) + "}]");
  const auto count = [&] {
    return *(*Field("custom_events").list())[0].Find("count") == Value(limits::happening_count_max);
  };
  Track(R"({"events":[{"external_id":"u","name":"e0","time":"2026-01-01"}]})");
  EXPECT_TRUE(count());
  Post("/users/merge", R"({"merge_updates":[{"identifier_to_merge":{"external_id":"v"},
                           "identifier_to_keep":{"external_id":"u"}}]})");
  EXPECT_TRUE(count());
  const Response refused = Load(R"([{"external_id":"u","custom_events":[
      {"name":"e","first":"","last":"","count":1000000000000001}]}])");
  EXPECT_NE(refused.body.find("has a count above 1000000000000000"), std::string::npos);
}

TEST_F(UsersBound, HoldsRevenue) {
  constexpr double max = std::numeric_limits<double>::max();
  for (const std::string user : {"u", "v"}) {
    Track(R"({"purchases":[{"external_id":")" + user +
          R"(","product_id":"p","currency":"EUR","price":1e308,"quantity":100,
             "time":"2026-01-01"}]})");
  }
  EXPECT_EQ(Field("total_revenue"), Value(max));
  Post("/users/merge", R"({"merge_updates":[{"identifier_to_merge":{"external_id":"v"},
                           "identifier_to_keep":{"external_id":"u"}}]})");
  EXPECT_EQ(Get("/_mock/users?external_id=v").status, 404);
  EXPECT_EQ(Field("total_revenue"), Value(max));
  EXPECT_EQ(AddRevenue(-max, -max), -max);
}

TEST_F(UsersBound, HoldsTheBytesThatWait) {
  Processing processing;
  processing.delay = std::chrono::hours(1);
  users_.Configure(std::make_shared<UserRules>(), processing);
  const auto accept = [&](const std::string& user) {
    std::vector<TrackObject> objects =
        Objects(R"({"attributes":[{"external_id":")" + user + R"(","a":""}]})");
    *FindMember(objects[0].members, "a") = std::string(limits::waiting_bytes_max / 2, 'x');
    users_.Accept(std::move(objects));
  };
  accept("u");
  EXPECT_FALSE(users_.Export(Id()));
  accept("v");
  EXPECT_TRUE(users_.Export(Id()));
  EXPECT_FALSE(users_.Export({IdKind::kExternalId, "v", {}}));
  users_.Reset();
  users_.Accept(User(R"("a":1)"));
  EXPECT_FALSE(users_.Export(Id()));
}

TEST_F(UsersBound, KeepsNoNamesThatOnlyNullsHave) {
  users_.Accept(User(R"("gone":null,"kept":1)"));
  users_.Accept(User(R"("kept":null)"));
  users_.With([](ProfileStore& store, Clock::Time) {
    EXPECT_FALSE(store.names().Find("gone"));
    EXPECT_TRUE(store.names().Find("kept"));
  });
  EXPECT_EQ(users_.counters().silent_drops, 0U);
  EXPECT_EQ(*users_.Export(Id())->Find("custom_attributes"), Value(Value::Object{}));
}

TEST_F(UsersBound, ForgetsRequestsFromBeforeAReset) {
  const LostUpdates::Flight first = users_.BeginFlight({Id()});
  const LostUpdates::Flight second = users_.BeginFlight({Id()});
  users_.Reset();
  users_.Accept(User(R"("a":1)"), first);
  users_.AcceptNow(User(R"("a":1)")[0], second,
                   [](ProfileStore&, const Profile*) { ADD_FAILURE() << "looks at nobody"; });
  EXPECT_FALSE(users_.Export(Id()));
  EXPECT_EQ(users_.counters().attribute_objects, 0U);
  users_.Accept(User(R"("a":1)"), users_.BeginFlight({Id()}));
  EXPECT_TRUE(users_.Export(Id()));
}

TEST(NestedMerge, ReplacesATime) {
  const Value time = Value::Object{{"$time", "2026-01-01"}};
  const Value members = Value::Object{{"a", 1}};
  Value value = Value::Object{{"t", time}, {"o", members}};
  MergeInto(Value::Object{{"t", members}, {"o", time}}, &value);
  EXPECT_EQ(value, Value(Value::Object{{"t", members}, {"o", time}}));
  value = time;
  MergeInto(members, &value);
  EXPECT_EQ(value, members);
}

TEST(NestedMerge, TakesLargeObjects) {
  const auto object = [](int from, int to, int value) {
    Value::Object members;
    for (int i = from; i < to; ++i) members.push_back({"member" + std::to_string(i), value});
    return Value(std::move(members));
  };
  Value value = object(0, 100'000, 1);
  MergeInto(object(50'000, 150'000, 2), &value);
  Value expected = object(0, 50'000, 1);
  MergeInto(object(50'000, 150'000, 2), &expected);
  EXPECT_EQ(expected.object()->size(), 150'000U);
  EXPECT_EQ(value, expected);
}

TEST(LostUpdatesIndex, LooksAtTheFlightsOfTheCustomerOnly) {
  constexpr std::uint64_t flights = 100'000;
  LostUpdates lost_updates;
  std::vector<LostUpdates::Flight> open;
  const auto id = [](std::uint64_t i) {
    return Identifier{IdKind::kExternalId, std::to_string(i), {}};
  };
  for (std::uint64_t i = 0; i < flights; ++i) {
    open.push_back(lost_updates.Begin({LostUpdates::CustomerOf(id(i), nullptr)}));
  }
  for (const LostUpdates::Flight flight : open) lost_updates.Answered(flight, 2);
  for (std::uint64_t i = 0; i < flights; ++i) {
    EXPECT_FALSE(lost_updates.BeforeChange(open[i], id(i), nullptr));
    lost_updates.Applied(open[i]);
  }
  EXPECT_TRUE(lost_updates.BeforeChange(open[1], id(0), nullptr) == std::nullopt);
  EXPECT_TRUE(lost_updates.BeforeChange(open[0], id(0), nullptr));
  lost_updates.Applied(open[0]);
  EXPECT_FALSE(lost_updates.IsOpen(open[0]));
  EXPECT_TRUE(lost_updates.IsOpen(open[1]));
}

}  // namespace
}  // namespace mockbraze
