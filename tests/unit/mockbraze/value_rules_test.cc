#include <string>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

// What the settings of a workspace make of custom attributes, and operators in detail.
namespace mockbraze {
namespace {

class AttributeSetting : public ServiceFixture {
 protected:
  void Workspace(const std::string& settings) {
    const Response response = Control("/_mock/workspace", settings);
    EXPECT_EQ(response.status, 200) << response.body;
  }
};

TEST_F(AttributeSetting, ArrayLimitDropsTheOldestItem) {
  // Section 1.7: "oldest item falls off the front when the 501st is added"; the number is a
  // setting.
  Workspace(R"({"array_limit":3})");
  Set(R"("a":[1,2,3,4])");
  EXPECT_EQ(Attributes(), R"({"a":[2,3,4]})");
  Set(R"("a":{"add":[2,5]})");
  EXPECT_EQ(Attributes(), R"({"a":[4,2,5]})");
  EXPECT_EQ(Drops("array-overflow"), 2);
  EXPECT_EQ(Stat("silent_drops"), 2);
}

TEST_F(AttributeSetting, ArrayOverflowMayTruncate) {
  // Section 1.7, older text: "truncated to the maximum"; section 12, 5: the second reading.
  Workspace(R"({"array_limit":3,"array_overflow":"truncate"})");
  Set(R"("a":[1,2,3,4])");
  EXPECT_EQ(Attributes(), R"({"a":[1,2,3]})");
  Set(R"("a":{"add":[2,5]})");
  EXPECT_EQ(Attributes(), R"({"a":[1,3,2]})");
  EXPECT_EQ(Drops("array-overflow"), 2);
}

TEST_F(AttributeSetting, LongArrayIsStillASet) {
  // Section 2.4: "duplicates removed; adding an existing element moves it to the end".
  std::string items = "0";
  for (int i = 1; i < 40; ++i) items += "," + std::to_string(i % 20);
  Set(R"("a":[)" + items + "]");
  const Value attributes = Parsed(Attributes());
  EXPECT_EQ(attributes.Find("a")->list()->size(), 20U);
  EXPECT_EQ(Drops("array-overflow"), 0);
}

TEST_F(AttributeSetting, ForcedBooleanIsCoerced) {
  // Section 2.4: "1, true, t -> true; 0, false, f -> false, any case".
  Workspace(R"({"forced_types":{"b":"boolean"}})");
  for (const std::string yes : {"true", "1", "\"1\"", "\"T\"", "\"True\""}) {
    Set(R"("b":)" + yes);
    EXPECT_EQ(Attributes(), R"({"b":true})") << yes;
  }
  for (const std::string no : {"false", "0", "\"0\"", "\"F\"", "\"FALSE\""}) {
    Set(R"("b":)" + no);
    EXPECT_EQ(Attributes(), R"({"b":false})") << no;
  }
  for (const std::string bad :
       {"2", "\"yes\"", "\"\"", "1.5", "[1]", R"({"k":1})", R"({"inc":1})"}) {
    Set(R"("b":)" + bad);
    EXPECT_EQ(Attributes(), R"({"b":false})") << bad;
  }
  EXPECT_EQ(Drops("type-forced"), 7);
}

TEST_F(AttributeSetting, ForcedNumberTakesNumericText) {
  // Section 2.4: "numeric text -> number"; values that cannot be coerced are "ignored silently".
  Workspace(R"({"forced_types":{"n":"number"}})");
  for (const auto& [sent, kept] : std::initializer_list<std::pair<std::string, std::string>>{
           {"\"3\"", "3"}, {"\"-2.5\"", "-2.5"}, {"7.5", "7.5"}, {"\"1e3\"", "1000.0"}}) {
    Set(R"("n":)" + sent);
    EXPECT_EQ(Attributes(), R"({"n":)" + kept + "}");
  }
  for (const std::string bad : {"\"\"", "\"3 \"", "\"inf\"", "\"nan\"", "\"0x1\"", "true", "[3]"}) {
    EXPECT_EQ(Set(R"("n":)" + bad).body, R"({"attributes_processed":1,"message":"success"})");
    EXPECT_EQ(Attributes(), R"({"n":1000.0})") << bad;
  }
  EXPECT_EQ(Drops("type-forced"), 7);
  Set(R"("n":5)");
  Set(R"("n":{"inc":1})");
  EXPECT_EQ(Attributes(), R"({"n":6})");
  Set(R"("n":null)");
  EXPECT_EQ(Attributes(), "{}");
}

TEST_F(AttributeSetting, ForcedTypesTakeWhatIsOfThem) {
  // Section 2.4: "an attribute can be forced to a type"; what does not fit is "ignored silently".
  const std::vector<std::pair<std::string, std::string>> values = {
      {"string", R"("2026-01-01")"},
      {"date", R"("2026-01-01")"},
      {"array", R"(["x"])"},
      {"object", R"({"k":1})"},
      {"object_array", R"([{"k":1}])"}};
  for (const auto& [type, value] : values) {
    Workspace(R"({"forced_types":{"v":")" + type + "\"}}");
    Set(R"("v":null)");
    for (const auto& [other, sent] : values) Set(R"("v":)" + sent);
    Set(R"("v":)" + value);
    EXPECT_EQ(Attributes(), R"({"v":)" + value + "}");
    EXPECT_EQ(Types(), R"({"v":")" + type + "\"}");
  }
  // string and date take each other's text; each refuses the three others, and they all but their
  // own.
  EXPECT_EQ(Drops("type-forced"), 3 + 3 + 4 + 4 + 4);
}

TEST_F(AttributeSetting, OperatorNeedsTheForcedType) {
  // Section 2.4: a forced type; "values that cannot be coerced are ignored silently".
  Workspace(R"({"forced_types":{"a":"array","l":"object_array","d":"date"}})");
  Set(R"("a":{"add":["x"]},"l":{"$add":[{"k":1}]},"d":"2026-01-01")");
  Set(R"("a":{"$add":[{"k":1}]},"l":{"add":["x"]},"d":{"inc":1})");
  EXPECT_EQ(Attributes(), R"({"a":["x"],"l":[{"k":1}],"d":"2026-01-01"})");
  EXPECT_EQ(Drops("type-forced"), 3);
  Set(R"("d":"soon")");
  EXPECT_EQ(Drops("type-forced"), 4);
}

TEST_F(AttributeSetting, FirstTypeOfAWorkspaceLocksTheName) {
  // Section 2.4: "Braze infers the type". That the first one forces the others is ours.
  Set(R"("n":"text")");
  Workspace(R"({"type_locking":true})");
  Track(R"({"attributes":[{"external_id":"v","n":5,"s":"x","e":[]}]})");
  Set(R"("n":"many","e":[{"k":1}])");
  EXPECT_EQ(Attributes(), R"({"n":"text","e":[{"k":1}]})");
  Set(R"("n":"6")");
  EXPECT_EQ(Attributes(), R"({"n":6,"e":[{"k":1}]})");
  EXPECT_EQ(Drops("type-locked"), 1);
  Set(R"("e":["x"])");
  EXPECT_EQ(Drops("type-locked"), 2);
  Workspace(R"({"type_locking":false})");
  Set(R"("n":"many")");
  EXPECT_EQ(Attributes(), R"({"n":"many","e":[{"k":1}]})");
  Workspace(R"({"type_locking":true})");
  Control("/_mock/reset", "{}");
  Workspace(R"({"type_locking":true})");
  Set(R"("n":true)");
  EXPECT_EQ(Attributes(), R"({"n":true})");
}

TEST_F(AttributeSetting, BlocklistedAttributeIsNotStored) {
  // Section 2.4: "A blocklisted attribute is not stored at all".
  Set(R"("secret":1)");
  Workspace(R"({"blocklisted_attributes":["secret"]})");
  Set(R"("secret":2,"plan":"pro")");
  Set(R"("secret":null)");
  EXPECT_EQ(Attributes(), R"({"secret":1,"plan":"pro"})");
  EXPECT_EQ(Drops("blocklisted"), 2);
  Workspace(R"({"blocklisted_attributes":[]})");
  Set(R"("secret":3)");
  EXPECT_EQ(Attributes(), R"({"secret":3,"plan":"pro"})");
}

using NestedAttribute = ServiceFixture;

TEST_F(NestedAttribute, KeyHasNoBlankDotOrDollar) {
  // Section 1.7: "255 characters each; key names must not contain spaces; . and $ not supported".
  Set(R"("o":{")" + std::string(255, 'k') + R"(":1})");
  EXPECT_EQ(Stat("silent_drops"), 0);
  for (const std::string& key :
       {std::string("a b"), std::string("a.b"), std::string("$a"), std::string(256, 'k')}) {
    Set(R"("o":{"good":1,")" + key + R"(":1})");
  }
  EXPECT_EQ(Drops("nested-invalid"), 4);
}

TEST_F(NestedAttribute, DateBeyondTheYear3000IsNotStored) {
  // Section 2.5: "Nested date with year < 0 or > 3000: not stored".
  Set(R"("o":{"t":{"$time":"2026-01-01"}})");
  Set(R"("o":{"t":{"$time":"3001-02-28T00:00:00Z"}})");
  EXPECT_EQ(Attributes(), R"({"o":{"t":{"$time":"2026-01-01"}}})");
  EXPECT_EQ(Drops("nested-date"), 1);
  Set(R"("o":{"t":{"$time":null}})");
  EXPECT_EQ(Drops("nested-invalid"), 1);
}

TEST_F(NestedAttribute, NullForTheWholeObjectDeletesIt) {
  // Section 2.5: "Setting the whole object to null deletes it".
  Set(R"("o":{"a":1})");
  Set(R"("o":null)");
  EXPECT_EQ(Attributes(), "{}");
  EXPECT_EQ(Stat("silent_drops"), 0);
}

TEST_F(NestedAttribute, UpdateMergesIntoAnItemOrOverwritesIt) {
  // Section 2.5: $update "with _merge_objects: true deep merge, without it the item is
  // overwritten".
  Set(R"("l":[{"id":1,"in":{"a":1}},{"id":2}])");
  const std::string update = R"("l":{"$update":[{"$identifier_key":"id","$identifier_value":1,)";
  Set(R"("_merge_objects":true,)" + update + R"("$new_object":{"in":{"b":2}}}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":1,"in":{"a":1,"b":2}},{"id":2}]})");
  Set(update + R"("$new_object":{"id":1,"in":{"c":3}}}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":1,"in":{"c":3}},{"id":2}]})");
}

TEST_F(NestedAttribute, RemoveTakesAllItemsThatMatch) {
  // Section 2.5: $remove removes "all items that match".
  Set(R"("l":[{"id":1},{"id":2},{"id":1}])");
  Set(R"("l":{"$remove":[{"$identifier_key":"id","$identifier_value":1}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":2}]})");
}

TEST_F(NestedAttribute, OneBadOperatorDropsThemAll) {
  // Section 2.5: "Any invalid value inside a nested attribute: all nested updates are dropped".
  Set(R"("l":[{"id":1}],"a":["x"])");
  const std::string good = R"("$add":[{"id":2}])";
  for (const std::string bad :
       {R"("$remove":[{"$identifier_key":"id"}])", R"("$remove":[{"$identifier_value":1}])",
        R"("$update":[{"$identifier_key":"id","$identifier_value":1}])", R"("$remove":5)"}) {
    Set(R"("l":{)" + good + "," + bad + "}");
    EXPECT_EQ(Attributes(), R"({"l":[{"id":1}],"a":["x"]})") << bad;
  }
  Set(R"("l":{"$add":[{"id":2},{"id":null}]},"a":{"add":["y"],"remove":"x"})");
  Set(R"("l":{"add":["y"]},"a":{"$add":[{"id":2}]})");
  EXPECT_EQ(Attributes(), R"({"l":[{"id":1}],"a":["x"]})");
  EXPECT_EQ(Drops("nested-invalid"), 2);
  EXPECT_EQ(Drops("operator-invalid"), 6);
}

TEST_F(NestedAttribute, DataBeyond100KilobytesHasAReason) {
  // Section 1.7: "Nested object size 100 KB; simple array 100 KB".
  std::string texts = "\"x\"";
  for (int i = 0; i < 600; ++i) texts += ",\"" + std::to_string(i) + std::string(200, 'x') + "\"";
  Set(R"("a":[)" + texts + R"(],"o":{"l":[)" + texts + "]}");
  EXPECT_EQ(Drops("array-too-large"), 1);
  EXPECT_EQ(Drops("nested-too-large"), 1);
}

using SilentDrop = ServiceFixture;

TEST_F(SilentDrop, HasAReason) {
  // Section 4.2: "Many faults give no error at all"; here each is counted by its reason.
  Set(R"("s":")" + std::string(256, 'x') + R"(","a":[[1]],"n":{"inc":1.5},"gender":"X","bio":"b")");
  Track(R"({"attributes":[{"braze_id":"nobody","a":1,"b":2}]})");
  for (const char* reason :
       {"string-too-long", "array-item", "operator-invalid", "bad-field-value", "ignored-field"}) {
    EXPECT_EQ(Drops(reason), 1) << reason;
  }
  EXPECT_EQ(Drops("unknown-user"), 2);
  EXPECT_EQ(Stat("silent_drops"), 7);
}

TEST_F(SilentDrop, OfAFullProfileHasAReason) {
  std::string members = R"("first":1)";
  for (std::size_t i = 0; i < limits::profile_attributes_max; ++i) {
    members += ",\"n" + std::to_string(i) + "\":1";
  }
  Set(members);
  EXPECT_EQ(Drops("profile-full"), 1);
}

}  // namespace
}  // namespace mockbraze
