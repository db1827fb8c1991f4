#include <string>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "tests/unit/mockbraze/service_fixture.h"

// Events and purchases, docs/braze-contract.md section 3.
namespace mockbraze {
namespace {

constexpr char bad_properties[] = "Invalid 'properties' field";

class HappeningRule : public ServiceFixture {
 protected:
  // The `type` of the error of the only object of an array; empty when it is taken.
  std::string Error(const std::string& array, const std::string& members) {
    const Value body =
        Parsed(Track("{\"" + array + R"(":[{"external_id":"u",)" + members + "}]}").body);
    const Value* errors = body.Find("errors");
    return errors ? *(*errors->list())[0].Find("type")->string() : std::string();
  }
  std::string Event(const std::string& members, const std::string& name = "e") {
    return Error("events", R"("time":"2026-01-01","name":")" + name + "\"" + members);
  }
  std::string Purchase(const std::string& members) {
    return Error("purchases",
                 R"("product_id":"p","currency":"EUR","price":2,"time":"2026-01-01")" + members);
  }
  std::string Properties(const std::string& properties) {
    return Event(R"(,"properties":)" + properties);
  }
  std::string Field(const std::string& name) {
    const Value user = Parsed(Get("/_mock/users?external_id=u").body);
    const Value* field = user.Find(name);
    return field ? ToJson(*field) : "none";
  }
};

TEST_F(HappeningRule, EventNeedsANameAndATime) {
  // Section 3: "name required string; time required". The texts are ours.
  EXPECT_EQ(Error("events", R"("time":"2026-01-01")"), "'name' is required");
  EXPECT_EQ(Error("events", R"("name":5,"time":"2026-01-01")"), "'name' is required");
  EXPECT_EQ(Error("events", R"("name":"e")"), "'time' is required");
  EXPECT_NE(Error("events", R"("name":"e","time":"soon")"), "");
  EXPECT_NE(Event(R"(,"app_id":5)"), "");
  EXPECT_EQ(Event(R"(,"app_id":"a","properties":null)"), "");
}

TEST_F(HappeningRule, TimeHasTheDocumentedForms) {
  // Section 3: "ISO 8601 or yyyy-MM-dd'T'HH:mm:ss:SSSZ"; section 11: one more was accepted.
  for (const std::string time : {"2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123+02:00",
                                 "2026-01-01T10:00:00:123Z", "2019-02-15 00:00:00 -0500"}) {
    EXPECT_EQ(Error("events", R"("name":"e","time":")" + time + "\""), "") << time;
  }
  // Forms of dates in attributes (section 2.4) that are none of an event's time.
  for (const std::string time : {"01/31/2026", "Sat 01 31 10:00:00.UTC 2026"}) {
    EXPECT_NE(Error("events", R"("name":"e","time":")" + time + "\""), "") << time;
  }
}

TEST_F(HappeningRule, FutureTimeBecomesNow) {
  // Section 3: "Future time becomes now".
  Error("events", R"("name":"e","time":"2999-01-01T00:00:00Z")");
  const std::string now = IsoTime(clock_.Now());
  EXPECT_EQ(Field("custom_events"),
            R"([{"name":"e","first":")" + now + R"(","last":")" + now + R"(","count":1}])");
  Control("/_mock/clock", R"({"now":"2998-01-01T00:00:00Z","stopped":true})");
  Error("events", R"("name":"e","time":"2999-01-01T00:00:00Z")");
  EXPECT_NE(Field("custom_events").find(R"("last":"2998-01-01T00:00:00.000Z")"), std::string::npos);
}

TEST_F(HappeningRule, FirstAndLastAreByTime) {
  // Section 7.1: custom_events have "name, first, last, count".
  for (const std::string day : {"05", "09", "02", "07"}) {
    Error("events", R"("name":"e","time":"2026-01-)" + day + "\"");
  }
  EXPECT_EQ(Field("custom_events"),
            R"([{"name":"e","first":"2026-01-02","last":"2026-01-09","count":4}])");
}

TEST_F(HappeningRule, PropertyHasAName) {
  // Section 1.7: "non-empty, at most 255 characters, no leading $".
  EXPECT_EQ(Properties(R"({")" + std::string(255, 'n') + R"(":1,"a$":true})"), "");
  EXPECT_EQ(Properties(R"({")" + std::string(256, 'n') + R"(":1})"), bad_properties);
  EXPECT_EQ(Properties(R"({"":1})"), bad_properties);
  EXPECT_EQ(Properties(R"({"$a":1})"), bad_properties);
  EXPECT_EQ(Properties("[]"), bad_properties);
}

TEST_F(HappeningRule, SomePropertyNamesAreReserved) {
  // Section 2.6: "Event properties: time and event_name are reserved"; the text was observed.
  EXPECT_EQ(Properties(R"({"time":1})"), bad_properties);
  EXPECT_EQ(Properties(R"({"event_name":1})"), bad_properties);
  EXPECT_EQ(Properties(R"({"price":1,"in":{"time":1}})"), "");
  for (const std::string name : {"product_id", "quantity", "price", "currency"}) {
    EXPECT_EQ(Purchase(R"(,"properties":{")" + name + R"(":1})"), bad_properties) << name;
  }
  EXPECT_EQ(Purchase(R"(,"properties":{"time":1})"), "");
}

TEST_F(HappeningRule, PropertyValueHasLimits) {
  // Section 1.7: "Event/purchase property string 255 characters"; properties "100 KB".
  const std::string longest(255, 'x');
  EXPECT_EQ(Properties(R"({"s":")" + longest + R"(","a":["x",1],"o":{"k":[{"l":1.5}]}})"), "");
  EXPECT_EQ(Properties(R"({"s":")" + longest + "x\"}"), bad_properties);
  EXPECT_EQ(Properties(R"({"o":{"a":[")" + longest + "x\"]}}"), bad_properties);
  std::string list = "\"" + longest + "\"";
  for (int i = 0; i < 250; ++i) list += ",\"" + longest + "\"";
  EXPECT_EQ(Properties(R"({"a":[)" + list + "]}"), "");
  EXPECT_EQ(Properties(R"({"a":[)" + list + "," + list + "]}"), bad_properties);
}

TEST_F(HappeningRule, PropertiesMayBeHeldTo50Kilobytes) {
  // Section 12, 7: "100 KB / 50 KB"; a setting.
  Control("/_mock/workspace", R"({"properties_bytes_max":51200})");
  std::string list = "\"x\"";
  for (int i = 0; i < 250; ++i) list += ",\"" + std::string(250, 'x') + "\"";
  EXPECT_EQ(Properties(R"({"a":[)" + list + "]}"), bad_properties);
}

TEST_F(HappeningRule, PurchaseNeedsItsMembers) {
  // Section 3: "product_id required string; currency required ISO 4217; price required float;
  // time".
  const auto error = [&](const std::string& members) { return Error("purchases", members); };
  EXPECT_EQ(error(R"("currency":"EUR","price":2,"time":"2026-01-01")"), "'product_id' is required");
  EXPECT_EQ(error(R"("product_id":"p","price":2,"time":"2026-01-01")"), "'currency' is required");
  EXPECT_EQ(error(R"("product_id":"p","currency":"EUR","time":"2026-01-01")"),
            "'price' is required");
  EXPECT_EQ(error(R"("product_id":"p","currency":"EUR","price":2)"), "'time' is required");
  EXPECT_EQ(error(R"("product_id":"p","currency":"EUR","price":"2","time":"2026-01-01")"),
            "'price' is required");
  for (const std::string bad : {"EURO", "eur", "ABC"}) {
    EXPECT_NE(error(R"("product_id":"p","price":2,"time":"2026-01-01","currency":")" + bad + "\""),
              "")
        << bad;
  }
  const auto product = [&](const std::string& id) {
    return error(R"("currency":"EUR","price":2,"time":"2026-01-01","product_id":")" + id + "\"");
  };
  EXPECT_EQ(product(std::string(255, 'p')), "");
  EXPECT_NE(product(std::string(256, 'p')), "");
}

TEST_F(HappeningRule, QuantityIsOneToAHundred) {
  // Section 3: "quantity optional integer <= 100, default 1, treated as that many purchases".
  for (const std::string bad : {"0", "101", "1.5", "\"1\"", "-1"}) {
    EXPECT_NE(Purchase(R"(,"quantity":)" + bad), "") << bad;
  }
  EXPECT_EQ(Purchase(R"(,"quantity":100)"), "");
  EXPECT_EQ(Purchase(""), "");
  EXPECT_EQ(Field("total_revenue"), "202.0");
  EXPECT_NE(Field("purchases").find(R"("count":101)"), std::string::npos);
}

TEST_F(HappeningRule, WorkspaceHolds5000ProductIds) {
  // Section 1.7: product_id "5,000 distinct ids storable". What happens then is ours.
  std::size_t id = 0;
  while (id < limits::product_ids_max) {
    std::string body;
    for (int i = 0; i < 50; ++i, ++id) {
      body += (i > 0 ? "," : "") + (R"({"external_id":"v","product_id":")" + std::to_string(id)) +
              R"(","currency":"EUR","price":1,"time":"2026-01-01"})";
    }
    Track(R"({"purchases":[)" + body + "]}");
  }
  EXPECT_EQ(Drops("product-ids-full"), 0);
  EXPECT_EQ(Purchase(""), "");
  EXPECT_EQ(Drops("product-ids-full"), 1);
  EXPECT_EQ(Field("purchases"), "none");
  EXPECT_EQ(
      Error("purchases", R"("product_id":"7","currency":"EUR","price":1,"time":"2026-01-01")"), "");
  EXPECT_EQ(Drops("product-ids-full"), 1);
}

TEST_F(HappeningRule, UpdateOnlyHoldsForEventsAndPurchases) {
  // Section 2.2: _update_existing_only "true: never create"; with user_alias "defaults to true".
  EXPECT_EQ(Event(R"(,"_update_existing_only":true)"), "");
  EXPECT_EQ(Purchase(R"(,"_update_existing_only":true)"), "");
  const std::string event = R"({"name":"e","time":"2026-01-01",
      "user_alias":{"alias_name":"n","alias_label":"l"})";
  Track(R"({"events":[)" + event + "}]}");
  EXPECT_EQ(Stat("profiles"), 0);
  EXPECT_EQ(Drops("unknown-user"), 3);
  Track(R"({"events":[)" + event + R"(,"_update_existing_only":false}]})");
  EXPECT_EQ(Stat("profiles"), 1);
}

TEST_F(HappeningRule, AliasMayBeUpdateOnlyWhateverItSays) {
  // Section 12, 6: alias and update-only, "default true / always true".
  Control("/_mock/workspace", R"({"alias_update_only":true})");
  Track(R"({"attributes":[{"user_alias":{"alias_name":"n","alias_label":"l"},
         "_update_existing_only":false,"a":1}]})");
  EXPECT_EQ(Stat("profiles"), 0);
  EXPECT_EQ(Drops("unknown-user"), 1);
}

constexpr char product[] =
    R"({"product_id":"p","product_name":"n","variant_id":"v","quantity":1,"price":9.5})";

class EcommerceEvent : public HappeningRule {
 protected:
  EcommerceEvent() { Control("/_mock/workspace", R"({"ecommerce_schema_checks":true})"); }
  std::string Viewed(const std::string& changed) {
    return Event(R"(,"properties":{"product_name":"n","variant_id":"v","currency":"EUR",)"
                 R"("source":"web",)" +
                     changed + "}",
                 "ecommerce.product_viewed");
  }
  std::string Cart(const std::string& products) {
    return Event(R"(,"properties":{"cart_id":"c","currency":"EUR","source":"web","products":)" +
                     products + "}",
                 "ecommerce.cart_updated");
  }
};

TEST_F(EcommerceEvent, IsRefusedInTheObservedSentences) {
  // Section 3: "refusals seen", all with input_array events.
  EXPECT_EQ(Viewed(R"("product_id":"p","price":1)"), "");
  EXPECT_EQ(Viewed(R"("price":1)"),
            "The property '#/' did not contain a required property of 'product_id'");
  EXPECT_EQ(Viewed(R"("product_id":"p","price":"1")"),
            "The property '#/price' of type string did not match the following type: number");
  EXPECT_EQ(Viewed(R"("product_id":1,"price":1)"),
            "The property '#/product_id' of type integer did not match the following type: string");
  EXPECT_EQ(Viewed(R"("product_id":"p","price":1,"x":1,"y":2)"),
            R"(The property '#/' contains additional properties ["x", "y"] outside of the schema )"
            "when none are allowed");
}

TEST_F(EcommerceEvent, IsCheckedInItsProductsToo) {
  // Section 3: "Recommended e-commerce events are checked by schema"; the paths inside are ours.
  EXPECT_EQ(Cart(std::string("[") + product + "]"), "");
  EXPECT_EQ(Cart("5"),
            "The property '#/products' of type integer did not match the following type: array");
  EXPECT_EQ(Cart(std::string("[") + product + R"(,{"product_id":"p"}])"),
            "The property '#/products/1' did not contain a required property of 'product_name'");
}

TEST_F(EcommerceEvent, HasSixNames) {
  // Section 3: recommended e-commerce events; which members they have is ours.
  const std::string order = std::string(R"("total_value":1,"currency":"EUR","source":"web",)") +
                            R"("products":[)" + product + "]";
  for (const auto& [name, own] : std::initializer_list<std::pair<std::string, std::string>>{
           {"checkout_started", R"("checkout_id":"c",)"},
           {"order_placed", R"("order_id":"o",)"},
           {"order_refunded", R"("order_id":"o",)"},
           {"order_cancelled", R"("order_id":"o","reason":"r",)"}}) {
    EXPECT_EQ(Event(R"(,"properties":{)" + own + order + "}", "ecommerce." + name), "") << name;
    EXPECT_NE(Event(R"(,"properties":{)" + order + "}", "ecommerce." + name), "") << name;
  }
  EXPECT_EQ(Event("", "ecommerce.other"), "");
  EXPECT_NE(Event("", "ecommerce.cart_updated"), "");
  Control("/_mock/workspace", R"({"ecommerce_schema_checks":false})");
  EXPECT_EQ(Event("", "ecommerce.cart_updated"), "");
}

}  // namespace
}  // namespace mockbraze
