#include <string>

#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class SegmentPreview : public ServiceFixture {
 protected:
  SegmentPreview() {
    Control("/_mock/profiles", R"({"profiles":[
      {"external_id":"a","email":"a@x.org","custom_attributes":{"n":1,"t":"x","day":"2026-01-01",
        "flag":true,"tags":["red","blue"],"order":{"total":5,"when":{"$time":"2026-03-01"}},
        "orders":[{"sku":"s1","price":10},{"sku":"s2","price":20}]}},
      {"external_id":"b","email_subscribe":"unsubscribed","custom_attributes":{"n":2.5,"t":"y",
        "day":"2026-01-01T12:00:00Z","flag":false,"tags":[],"order":{"total":7}}},
      {"external_id":"c","custom_attributes":{"n":"2","dot.name":1}},
      {"email":"nameless@x.org","custom_attributes":{"n":3}}]})");
  }
  Response Preview(const std::string& filter) {
    return Control("/_mock/segments/preview", R"({"filter":)" + filter + "}");
  }
  // The external ids in the segment, and the count where it is another.
  std::string Ids(const std::string& filter) {
    const Response response = Preview(filter);
    EXPECT_EQ(response.status, 200) << filter << response.body;
    if (response.status != 200) return response.body;
    const Value body = Parsed(response.body);
    std::string ids;
    for (const Value& id : *body.Find("external_ids")->list()) ids += *id.string();
    const auto count = static_cast<std::size_t>(*body.Find("count")->integer());
    return count == ids.size() ? ids : ids + " of " + std::to_string(count);
  }
  std::string Compare(const std::string& name, const std::string& op, const std::string& value) {
    return Ids(R"({"attribute":")" + name + R"(","op":")" + op + R"(","value":)" + value + "}");
  }
  std::string Refusal(const std::string& filter) {
    const Response response = Preview(filter);
    EXPECT_EQ(response.status, 400) << filter;
    return *Parsed(response.body).Find("message")->string();
  }
};

TEST_F(SegmentPreview, ComparesNumbersAsNumbers) {
  EXPECT_EQ(Compare("n", "=", "1.0"), "a");
  EXPECT_EQ(Compare("n", ">", "1"), "b of 2");
  EXPECT_EQ(Compare("n", ">=", "1"), "ab of 3");
  EXPECT_EQ(Compare("n", "<", "2.5"), "a");
  EXPECT_EQ(Compare("n", "<=", "2.5"), "ab");
  EXPECT_EQ(Compare("n", "!=", "1"), "bc of 3");
}

TEST_F(SegmentPreview, ComparesNumbersExactly) {
  Track(R"({"attributes":[{"external_id":"l","big":9007199254740993}]})");
  EXPECT_EQ(Compare("big", ">", "9007199254740992.0"), "l");
  EXPECT_EQ(Compare("big", "=", "9007199254740992"), "");
}

TEST_F(SegmentPreview, ComparesDatesAsTimes) {
  EXPECT_EQ(Compare("day", "=", R"("2026-01-01T00:00:00Z")"), "a");
  EXPECT_EQ(Compare("day", "=", R"("2026-01-01T13:00:00+0100")"), "b");
  EXPECT_EQ(Compare("day", ">", R"("2026-01-01")"), "b");
  EXPECT_EQ(Compare("t", "<", R"("2026-01-01")"), "");
  EXPECT_EQ(Compare("order.when", "<", R"("2026-03-02")"), "a");
}

TEST_F(SegmentPreview, ComparesTextsAndBooleans) {
  EXPECT_EQ(Compare("t", "=", R"("x")"), "a");
  EXPECT_EQ(Compare("t", ">", R"("x")"), "b");
  EXPECT_EQ(Compare("n", "=", R"("2")"), "c");
  EXPECT_EQ(Compare("flag", "=", "true"), "a");
  EXPECT_EQ(Compare("flag", "!=", "true"), "b");
  EXPECT_EQ(Compare("flag", "<", "true"), "");
}

TEST_F(SegmentPreview, AbsentAttributesFitNoComparison) {
  EXPECT_EQ(Compare("day", "!=", R"("z")"), "ab");
  EXPECT_EQ(Compare("unknown", "!=", "1"), "");
  EXPECT_EQ(Ids(R"({"attribute":"unknown","in":["x"]})"), "");
  EXPECT_EQ(Ids(R"({"attribute":"day","exists":true})"), "ab");
  EXPECT_EQ(Ids(R"({"attribute":"day","exists":false})"), "c of 2");
  EXPECT_EQ(Ids(R"({"attribute":"tags","exists":true})"), "ab");
}

TEST_F(SegmentPreview, OfAListOneItemSuffices) {
  EXPECT_EQ(Compare("tags", "=", R"("blue")"), "a");
  EXPECT_EQ(Compare("tags", "!=", R"("blue")"), "b");
  EXPECT_EQ(Ids(R"({"attribute":"tags","in":["green","red"]})"), "a");
  EXPECT_EQ(Compare("orders.sku", "=", R"("s2")"), "a");
  EXPECT_EQ(Compare("orders.price", ">", "15"), "a");
}

TEST_F(SegmentPreview, GoesIntoNestedObjects) {
  EXPECT_EQ(Compare("order.total", ">", "5"), "b");
  EXPECT_EQ(Ids(R"({"attribute":"order.nothing","exists":true})"), "");
  EXPECT_EQ(Compare("dot.name", "=", "1"), "c");
}

TEST_F(SegmentPreview, KnowsProfileFields) {
  EXPECT_EQ(Compare("email", "=", R"("a@x.org")"), "a");
  EXPECT_EQ(Compare("email_subscribe", "=", R"("subscribed")"), "ac of 3");
  EXPECT_EQ(Ids(R"({"attribute":"external_id","in":["a","c","d"]})"), "ac");
}

TEST_F(SegmentPreview, KnowsSeveralValues) {
  EXPECT_EQ(Ids(R"({"attribute":"n","in":[1,2.5,"2"]})"), "abc");
  EXPECT_EQ(Ids(R"({"attribute":"day","in":["2026-01-01T12:00:00.000Z"]})"), "b");
}

TEST_F(SegmentPreview, JoinsFilters) {
  const std::string one = R"({"attribute":"n","op":">=","value":1})";
  const std::string two = R"({"attribute":"t","op":"=","value":"y"})";
  EXPECT_EQ(Ids(R"({"and":[)" + one + "," + two + "]}"), "b");
  EXPECT_EQ(Ids(R"({"or":[)" + one + "," + two + "]}"), "ab of 3");
  EXPECT_EQ(Ids(R"({"not":)" + one + "}"), "c");
}

TEST_F(SegmentPreview, ShowsTheFirstIdsInTheirOrder) {
  std::string profiles;
  for (int i = 250; i >= 101; --i) {
    profiles += (i < 250 ? "," : "") + (R"({"external_id":")" + std::to_string(i)) + R"("})";
  }
  Control("/_mock/profiles", R"({"profiles":[)" + profiles + "]}");
  const Value body = Parsed(Preview(R"({"attribute":"external_id","op":"<","value":"9"})").body);
  EXPECT_EQ(*body.Find("count"), Value(150));
  const Value::List& ids = *body.Find("external_ids")->list();
  ASSERT_EQ(ids.size(), 100U);
  EXPECT_EQ(ids.front(), Value("101"));
  EXPECT_EQ(ids.back(), Value("200"));
}

TEST_F(SegmentPreview, SaysWhereAFilterIsWrong) {
  EXPECT_EQ(Refusal("5"),
            R"('filter' must be {"attribute", "op", "value"}, {"attribute", "exists"}, )"
            R"({"attribute", "in"}, {"and"}, {"or"} or {"not"})");
  const auto inner = [&](const std::string& filter) {
    const std::string text = Refusal(R"({"and":[{"not":)" + filter + "}]}");
    const std::string place = "'filter.and[0].not";
    EXPECT_TRUE(text.starts_with(place)) << text;
    return text.substr(std::min(place.size(), text.size()));
  };
  EXPECT_TRUE(inner(R"({"attribute":"a","op":"=","value":1,"x":1})").starts_with("' must be {"));
  EXPECT_TRUE(inner(R"({"attribute":"a"})").starts_with("' must be {"));
  EXPECT_EQ(inner(R"({"attribute":"a","op":"~","value":1})"),
            ".op' must be one of =, !=, <, <=, >, >=");
  EXPECT_EQ(inner(R"({"attribute":"a","op":"=","value":null})"),
            ".value' must be a text, a number, true or false");
  EXPECT_EQ(inner(R"({"attribute":"","exists":true})"), ".attribute' must be a name");
  EXPECT_EQ(inner(R"({"attribute":"braze_id","exists":true})"),
            ".attribute' must be external_id, a profile field, a custom attribute, or a path into "
            "one");
  EXPECT_EQ(inner(R"({"attribute":"a","exists":1})"), ".exists' must be true or false");
  EXPECT_EQ(inner(R"({"attribute":"a","in":[null]})"),
            ".in' must be a list of texts, numbers, true or false");
  EXPECT_EQ(inner(R"({"or":[]})"), ".or' must be a list of one filter or more");
  EXPECT_EQ(Control("/_mock/segments/preview", "{}").body,
            "{\"message\":\"'filter' is missing\"}\n");
}

TEST_F(SegmentPreview, HasBounds) {
  std::string deep = R"({"attribute":"n","exists":true})";
  for (std::size_t i = 1; i < limits::segment_depth_max; ++i) deep = R"({"not":)" + deep + "}";
  EXPECT_EQ(Preview(deep).status, 200);
  EXPECT_EQ(Refusal(R"({"not":)" + deep + "}"), "the filter is nested deeper than 20");
  std::string wide = R"({"attribute":"n","exists":true})";
  for (std::size_t i = 2; i < limits::segment_conditions_max; ++i) {
    wide += R"(,{"attribute":"n","exists":true})";
  }
  EXPECT_EQ(Preview(R"({"or":[)" + wide + "]}").status, 200);
  EXPECT_EQ(Refusal(R"({"not":{"or":[)" + wide + "]}}"), "the filter has more than 100 conditions");
  std::string texts = R"("x")";
  for (std::size_t i = 1; i < limits::segment_texts_max; ++i) texts += R"(,"x")";
  EXPECT_EQ(Preview(R"({"attribute":"n","in":[)" + texts + "]}").status, 200);
  EXPECT_EQ(Preview(R"({"attribute":"n","in":["x",)" + texts + "]}").status, 400);
}

}  // namespace
}  // namespace mockbraze
