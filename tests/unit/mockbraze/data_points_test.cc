#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

// What is billed, docs/braze-contract.md section 8.
namespace mockbraze {
namespace {

class DataPoint : public ServiceFixture {
 protected:
  // What an attributes object costs.
  std::int64_t Cost(const std::string& members) {
    const std::int64_t before = Stat("data_points");
    Set(members);
    return Stat("data_points") - before;
  }
};

TEST_F(DataPoint, IsOnePerScalarChangedOrNot) {
  // Section 8: "set/remove a scalar custom attribute: 1, changed or not"; null 1.
  EXPECT_EQ(Cost(R"("a":1,"b":"x")"), 2);
  EXPECT_EQ(Cost(R"("a":1)"), 1);
  EXPECT_EQ(Cost(R"("a":null)"), 1);
}

TEST_F(DataPoint, IsOneForAWholeArrayAndOnePerValueAdded) {
  // Section 8: "set a simple array as a whole 1; array operation 1 per API call even if the array
  // does not change; incremental adds 1 per value".
  EXPECT_EQ(Cost(R"("a":["x","y","z"])"), 1);
  EXPECT_EQ(Cost(R"("a":{"add":["u","v"]})"), 2);
  EXPECT_EQ(Cost(R"("a":{"remove":["nothing","nobody"]})"), 1);
  EXPECT_EQ(Cost(R"("a":{"add":["u"],"remove":["v"]})"), 1);
}

TEST_F(DataPoint, IsOnePerKeyOfAnObject) {
  // Section 8: "nested object 1 per key".
  EXPECT_EQ(Cost(R"("o":{"a":1,"b":2,"in":{"x":1,"y":2}})"), 5);
  EXPECT_EQ(Cost(R"("o":{"t":{"$time":"2026-01-01"}})"), 1);
  EXPECT_EQ(Cost(R"("o":null)"), 1);
}

TEST_F(DataPoint, IsOnePerKeyOfAnArrayOfObjects) {
  // Section 8: "array of objects 1 per key updated".
  EXPECT_EQ(Cost(R"("l":[{"id":1,"n":"a"},{"id":2,"n":"b"}])"), 4);
  EXPECT_EQ(Cost(R"("l":{"$add":[{"id":3,"n":"c"}]})"), 2);
  EXPECT_EQ(Cost(R"("l":{"$update":[{"$identifier_key":"id","$identifier_value":1,
                      "$new_object":{"n":"d"}}]})"),
            1);
  EXPECT_EQ(Cost(R"("l":{"$remove":[{"$identifier_key":"id","$identifier_value":1}]})"), 1);
}

TEST_F(DataPoint, IsNotCountedForIncrements) {
  // Section 8: "TYPES says it does not count against the data cap; DP does not confirm".
  EXPECT_EQ(Cost(R"("n":{"inc":5})"), 0);
}

TEST_F(DataPoint, IsCountedForBillableFieldsAlone) {
  // Section 8: names, email, gender, city, time zone, dob, phone, location billable; country and
  // language when set by hand; ids, states, groups and tokens not.
  EXPECT_EQ(Cost(R"("first_name":"A","last_name":"B","email":"a@b.co","gender":"F",)"
                 R"("home_city":"X","time_zone":"UTC","dob":"1980-01-01","phone":"+15551234567",)"
                 R"("current_location":{"longitude":1,"latitude":2},"country":"DE",)"
                 R"("language":"de","twitter":{"screen_name":"s"})"),
            12);
  EXPECT_EQ(Cost(R"("email_subscribe":"opted_in","push_subscribe":"opted_in",)"
                 R"("subscription_groups":[],"push_tokens":[{"app_id":"a","token":"t"}],)"
                 R"("date_of_first_session":"2026-01-01","bio":"b","_merge_objects":true)"),
            0);
}

TEST_F(DataPoint, IsNotCountedForBlocklistedAttributes) {
  // Section 8: "blocking attributes: not billed".
  Control("/_mock/workspace", R"({"blocklisted_attributes":["secret"]})");
  EXPECT_EQ(Cost(R"("secret":1,"plan":1)"), 1);
}

TEST_F(DataPoint, IsOnePerEventAndPurchase) {
  // Section 8: "custom event / purchase 1".
  Track(R"({"events":[{"external_id":"u","name":"e","time":"2026-01-01","properties":{"a":1}}],
            "purchases":[{"external_id":"u","product_id":"p","currency":"EUR","price":2,
                          "quantity":7,"time":"2026-01-01"}]})");
  EXPECT_EQ(Stat("data_points"), 2);
}

TEST_F(DataPoint, IsSavedByDeltas) {
  // Section 8, worked example: "5 users x 4 attributes; day 2 changes 3+1+2+1+1 attributes: full
  // resend 20 points, delta 8".
  const auto body = [](const std::string& values, std::initializer_list<int> counts) {
    std::string objects;
    int user = 0;
    for (const int count : counts) {
      objects += (user > 0 ? "," : "") + (R"({"external_id":")" + std::to_string(user)) + "\"";
      for (int i = 0; i < count; ++i) objects += ",\"a" + std::to_string(i) + "\":" + values;
      objects += "}";
      ++user;
    }
    return R"({"attributes":[)" + objects + "]}";
  };
  Track(body("1", {4, 4, 4, 4, 4}));
  EXPECT_EQ(Stat("data_points"), 20);
  Track(body("2", {4, 4, 4, 4, 4}));
  EXPECT_EQ(Stat("data_points"), 20 + 20);
  Track(body("3", {3, 1, 2, 1, 1}));
  EXPECT_EQ(Stat("data_points"), 40 + 8);
}

}  // namespace
}  // namespace mockbraze
