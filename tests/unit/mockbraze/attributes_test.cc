#include <string>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

using CustomAttribute = ServiceFixture;

TEST_F(CustomAttribute, KeepsValuesExactly) {
  Set(R"("i":9007199254740993,"d":14.0,"b":false,"s":" x ","p":0.1,"z":0)");
  EXPECT_EQ(Attributes(), R"({"i":9007199254740993,"d":14.0,"b":false,"s":" x ","p":0.1,"z":0})");
}

TEST_F(CustomAttribute, TypeIsInferred) {
  // Section 2.4: "Braze infers the type".
  Set(R"("i":1,"f":1.0,"b":true,"s":"x","d":"2026-09-07T02:00:00Z","a":["x"],"o":{"k":1},)"
      R"("oa":[{"k":1}])");
  EXPECT_EQ(Types(),
            R"({"i":"integer","f":"float","b":"boolean","s":"string","d":"date","a":"array",)"
            R"("o":"object","oa":"object_array"})");
}

TEST_F(CustomAttribute, DateHasTheDocumentedForms) {
  // Section 2.4, Date: the forms; "Year < 0 or > 3000: stored as a plain string".
  for (const std::string date :
       {"2026-09-07T02:00:00Z", "2026-09-07T02:00:00:123Z", "2026-09-07T02:00:00.123+02:00",
        "2026-09-07T02:00:00", "2026-09-07 02:00:00", "2026-09-07", "09/07/2026",
        "2019-02-15 00:00:00 -0500", "Mon 09 07 02:00:00.+0200 2026",
        "Mon 09 07 02:00:00.Z 2026"}) {
    Set(R"("d":")" + date + "\"");
    EXPECT_EQ(Types(), R"({"d":"date"})") << date;
  }
  for (const std::string text : {"3001-01-01", "2026-13-01", "2026-9-7", "09-07-2026", "20260907",
                                 "2026-09-07x", "2026-09-07T", ""}) {
    Set(R"("d":")" + text + "\"");
    EXPECT_EQ(Types(), R"({"d":"string"})") << text;
  }
}

TEST_F(CustomAttribute, NullRemoves) {
  // Section 2.5: null "removes attribute from the profile".
  Set(R"("a":1,"b":2)");
  Set(R"("a":null,"never":null)");
  EXPECT_EQ(Attributes(), R"({"b":2})");
}

TEST_F(CustomAttribute, NamesAreCaseSensitive) {
  // Section 2.3: "Custom attribute names are case sensitive".
  Set(R"("plan":1,"Plan":2)");
  EXPECT_EQ(Attributes(), R"({"plan":1,"Plan":2})");
}

TEST_F(CustomAttribute, UnchangedMeansSameTypeAndValue) {
  Set(R"("i":14,"s":"x","o":{"a":1,"b":2},"l":["x","y"])");
  EXPECT_EQ(Stat("unchanged_values"), 0);
  Set(R"("i":14,"s":"x","o":{"b":2,"a":1},"l":["x","y"])");
  EXPECT_EQ(Stat("unchanged_values"), 4);
  Set(R"("i":14.0,"s":"y","o":{"b":2},"l":["y","x"])");
  EXPECT_EQ(Stat("unchanged_values"), 4);
  EXPECT_EQ(Stat("attribute_values"), 12);
  EXPECT_EQ(Stat("attribute_objects"), 3);
}

TEST_F(CustomAttribute, LongStringIsDroppedInSilence) {
  // Section 1.7: string 255 characters, "no error: the request completes and the value is simply
  // not updated".
  std::string umlauts;
  for (int i = 0; i < 255; ++i) umlauts += "ü";
  Set(R"("s":")" + umlauts + "\"");
  EXPECT_EQ(Stat("silent_drops"), 0);
  const Response response = Set(R"("s":")" + umlauts + "x\"");
  EXPECT_EQ(response.body, R"({"attributes_processed":1,"message":"success"})");
  EXPECT_EQ(Stat("silent_drops"), 1);
  EXPECT_EQ(Attributes(), R"({"s":")" + umlauts + "\"}");
  EXPECT_EQ(Stat("attribute_values"), 2);
}

TEST_F(CustomAttribute, IncAddsToAnInteger) {
  // Section 2.5: {"inc": n} "add n"; section 2.4: "n may be negative".
  Set(R"("n":{"inc":5})");
  Set(R"("n":{"inc":-2})");
  EXPECT_EQ(Attributes(), R"({"n":3})");
  Set(R"("n":{"inc":1.5})");
  Set(R"("n":{"inc":9223372036854775807})");
  EXPECT_EQ(Attributes(), R"({"n":3})");
  EXPECT_EQ(Stat("silent_drops"), 2);
}

TEST_F(CustomAttribute, ArrayIsASetInOrder) {
  // Section 2.4: a set: "duplicates removed; adding an existing element moves it to the end".
  Set(R"("a":["x","y","x","z"])");
  EXPECT_EQ(Attributes(), R"({"a":["y","x","z"]})");
  Set(R"("a":{"add":["y","w"]})");
  EXPECT_EQ(Attributes(), R"({"a":["x","z","y","w"]})");
  Set(R"("a":{"add":["v"],"remove":["x","nothing"]})");
  EXPECT_EQ(Attributes(), R"({"a":["z","y","w","v"]})");
  Set(R"("fresh":{"add":["1"]})");
  Set(R"("a":{"add":5})");
  EXPECT_EQ(Stat("silent_drops"), 1);
}

TEST_F(CustomAttribute, ArrayLosesItsOldestItemBeyond500) {
  // Section 1.7: length 500, "oldest item falls off the front when the 501st is added".
  std::string items = "0";
  for (int i = 1; i < 500; ++i) items += "," + std::to_string(i);
  Set(R"("a":[)" + items + "]");
  Set(R"("a":{"add":[500]})");
  const Value attributes = Parsed(Attributes());
  const Value::List& array = *attributes.Find("a")->list();
  EXPECT_EQ(array.size(), 500U);
  EXPECT_EQ(array.front(), Value(1));
  EXPECT_EQ(array.back(), Value(500));
}

TEST_F(CustomAttribute, ObjectIsReplacedOrMerged) {
  // Section 2.2: _merge_objects "true: deep-merge nested objects; false: the object is replaced".
  Set(R"("o":{"a":1,"in":{"x":1,"y":2}})");
  Set(R"("_merge_objects":true,"o":{"b":2,"in":{"y":3}})");
  EXPECT_EQ(Attributes(), R"({"o":{"a":1,"in":{"x":1,"y":3},"b":2}})");
  Set(R"("o":{"c":3})");
  EXPECT_EQ(Attributes(), R"({"o":{"c":3}})");
}

TEST_F(CustomAttribute, OneInvalidNestedValueDropsThemAll) {
  // Section 2.5: "Any invalid value inside a nested attribute (bad $time, null): all nested updates
  // of that attribute are dropped".
  Set(R"("o":{"a":1})");
  const std::string longer(256, 'x');
  for (const std::string& bad :
       {std::string(R"({"a":2,"b":null})"), std::string(R"({"a":2,"t":{"$time":"soon"}})"),
        std::string(R"({"a":2,"b c":1})"), std::string(R"({"a":2,"b.c":1})"),
        R"({"a":2,"s":")" + longer + "\"}", R"({"a":[{"s":")" + longer + "\"}]}"}) {
    Set(R"("o":)" + bad);
    EXPECT_EQ(Attributes(), R"({"o":{"a":1}})") << bad.substr(0, 40);
  }
  EXPECT_EQ(Stat("silent_drops"), 6);
  Set(R"("o":{"t":{"$time":"2026-01-01"}})");
  EXPECT_EQ(Attributes(), R"({"o":{"t":{"$time":"2026-01-01"}}})");
}

TEST_F(CustomAttribute, NestedDataBeyond100KilobytesIsDropped) {
  // Section 1.7: nested object size 100 KB; array of objects 100 KB.
  std::string list = "[";
  for (int i = 0; i < 600; ++i) {
    list += (i > 0 ? "," : "") + (R"({"s":")" + std::string(200, 'x') + "\"}");
  }
  Set(R"("l":)" + list + "]");
  Set(R"("o":{"l":)" + list + "]}");
  EXPECT_EQ(Attributes(), "{}");
  EXPECT_EQ(Stat("silent_drops"), 2);
}

TEST_F(CustomAttribute, ArrayOfObjectsIsAddedToRemovedFromAndUpdatedInThatOrder) {
  // Section 2.5: "processed $add, then $remove, then $update".
  Set(R"("l":[{"id":1,"n":"a"},{"id":2,"n":"b"}])");
  Set(R"("l":{"$update":[{"$identifier_key":"id","$identifier_value":3,)"
      R"("$new_object":{"id":3,"n":"C"}}],
         "$remove":[{"$identifier_key":"id","$identifier_value":1}],"$add":[{"id":3,"n":"c"}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":2,"n":"b"},{"id":3,"n":"C"}]})");
  Set(R"("_merge_objects":true,"l":{"$update":[
         {"$identifier_key":"id","$identifier_value":2,"$new_object":{"m":1}}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":2,"n":"b","m":1},{"id":3,"n":"C"}]})");
}

TEST_F(CustomAttribute, ProfileHasABoundOfOurs) {
  std::string members = R"("first":1)";
  for (std::size_t i = 0; i < limits::profile_attributes_max; ++i) {
    members += ",\"n" + std::to_string(i) + "\":1";
  }
  Set(members);
  EXPECT_EQ(Stat("silent_drops"), 1);
  Set(R"("first":2)");
  EXPECT_EQ(Stat("silent_drops"), 1);
}

TEST_F(CustomAttribute, DataPointIsCountedPerValueChangedOrNot) {
  // Section 8: set or remove a scalar custom attribute, 1, "changed or not".
  Set(R"("a":1,"b":null)");
  Set(R"("a":1)");
  EXPECT_EQ(Stat("data_points"), 3);
}

using ProfileField = ServiceFixture;

TEST_F(ProfileField, IsKeptBesideTheCustomAttributes) {
  // Section 2.3: reserved names; "Any other top-level key is a custom attribute".
  Set(R"("first_name":"Ada","email":"ada@example.com","email_subscribe":"opted_in","plan":"pro",)"
      R"("current_location":{"longitude":1.5,"latitude":2})");
  EXPECT_EQ(Attributes(), R"({"plan":"pro"})");
  const Value user = Parsed(Get("/_mock/users?external_id=u").body);
  EXPECT_EQ(*user.Find("first_name"), Value("Ada"));
  EXPECT_EQ(*user.Find("email"), Value("ada@example.com"));
  EXPECT_EQ(*user.Find("email_subscribe"), Value("opted_in"));
  EXPECT_EQ(*user.Find("push_subscribe"), Value("subscribed"));
  EXPECT_EQ(ToJson(*user.Find("last_coordinates")), "[1.5,2]");
  EXPECT_EQ(Stat("attribute_values"), 5);
}

TEST_F(ProfileField, FaultWithACodeRejectsTheObject) {
  // Section 4.2, documented codes.
  const auto error = [&](const std::string& members) {
    const Value body = Parsed(Set(members + R"(,"plan":1)").body);
    const Value* errors = body.Find("errors");
    return errors ? *(*errors->list())[0].Find("type")->string() : std::string();
  };
  EXPECT_EQ(error(R"("email":"nobody")"), "EMAIL_BAD_FORMAT");
  EXPECT_EQ(error(R"("email_subscribe":"yes")"), "BAD_EMAIL_SUBSCRIPTION_STATE");
  EXPECT_EQ(error(R"("push_subscribe":true)"), "BAD_PUSH_SUBSCRIPTION_STATE");
  EXPECT_EQ(error(R"("current_location":{"longitude":1})"), "BAD_LOCATION_UPDATE");
  EXPECT_EQ(error(R"("subscription_groups":{})"), "BAD_SUBSCRIPTION_GROUP_ARRAY");
  EXPECT_EQ(error(R"("push_tokens":"t")"), "BAD_PUSH_TOKEN_VALUE");
  EXPECT_EQ(error(R"("email_subscription_info":{})"), "INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO");
  EXPECT_EQ(Attributes(), "");
}

TEST_F(ProfileField, OtherInvalidValuesAreDroppedInSilence) {
  // Section 4.2: "Many faults give no error at all".
  Set(R"("gender":"X","dob":"yesterday","first_name":5,"bio":"long ago","plan":1)");
  EXPECT_EQ(Stat("silent_drops"), 4);
  EXPECT_EQ(Attributes(), R"({"plan":1})");
}

}  // namespace
}  // namespace mockbraze
