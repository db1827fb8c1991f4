#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class ExportAnswer : public ServiceFixture {
 protected:
  ExportAnswer() { Control("/_mock/workspace", R"({"onboarded":"2020-01-01"})"); }

  Response Export(std::string body, std::string key = "key") {
    return Post("/users/export/ids", std::move(body), std::move(key));
  }
  // Of the users in the answer their attribute "id", and the ids that were not found.
  std::string Found(const std::string& body) {
    const Response response = Export(body);
    EXPECT_EQ(response.status, 201) << response.body;
    const Value answer = Parsed(response.body);
    std::string found;
    for (const Value& user : *answer.Find("users")->list()) {
      found += *user.Find("custom_attributes")->Find("id")->string();
    }
    const Value* unknown = answer.Find("invalid_user_ids");
    return found + (unknown ? " not " + ToJson(*unknown) : "");
  }
  static std::string Ids(int n) {
    std::string ids;
    for (int i = 0; i < n; ++i) ids += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
    return "[" + ids + "]";
  }
};

TEST_F(ExportAnswer, FindsByEveryIdentifier) {
  // Section 7.1: "Any of external_ids, user_aliases, device_id, braze_id, email_address, phone".
  Track(R"({"attributes":[
      {"external_id":"a","id":"a","email":"A@b.co"},
      {"external_id":"b","id":"b","email":"a@b.co","phone":"+15551234567"},
      {"user_alias":{"alias_name":"n","alias_label":"l"},"_update_existing_only":false,"id":"c",
       "push_tokens":[{"app_id":"11ae5b4b-2445-4440-a04f-bf537764c9ad","token":"token-1",
                       "device_id":"device-1"}]}]})");
  const Value user = Parsed(Get("/_mock/users?external_id=a").body);
  EXPECT_EQ(Found(R"({"external_ids":["b","a"]})"), "ba");
  EXPECT_EQ(Found(R"({"user_aliases":[{"alias_name":"n","alias_label":"l"}]})"), "c");
  EXPECT_EQ(Found(R"({"braze_id":)" + ToJson(*user.Find("braze_id")) + "}"), "a");
  EXPECT_EQ(Found(R"({"email_address":"a@B.co"})"), "ab");  // all who have it
  EXPECT_EQ(Found(R"({"phone":"+15551234567"})"), "b");
  EXPECT_EQ(Found(R"({"device_id":"device-1"})"), "c");
  EXPECT_EQ(Found(R"({"phone":"+15551234567","external_ids":["b","a"]})"), "ba");
}

TEST_F(ExportAnswer, NamesUnknownIds) {
  // Section 7.1: "Answer: message, users, invalid_user_ids (optional)".
  Set(R"("id":"u")");
  EXPECT_EQ(Export(R"({"external_ids":["nobody"]})").body,
            R"({"users":[],"invalid_user_ids":["nobody"],"message":"success"})");
  EXPECT_EQ(Found(R"({"external_ids":["x","u","y"],"email_address":"no@b.co"})"),
            R"(u not ["x","y","no@b.co"])");
  EXPECT_EQ(Found(R"({"external_ids":["u"]})"), "u");
}

TEST_F(ExportAnswer, TakesUpTo50Ids) {
  // Section 1.6: "The max number of external_ids and aliases per request was exceeded" belongs to
  // "the endpoints that take 50 ids".
  EXPECT_EQ(Export(R"({"external_ids":)" + Ids(50) + "}").status, 201);
  const std::string alias = R"([{"alias_name":"n","alias_label":"l"}])";
  for (const std::string& body :
       {R"({"external_ids":)" + Ids(51) + "}",
        R"({"external_ids":)" + Ids(50) + R"(,"user_aliases":)" + alias + "}"}) {
    const Response over = Export(body);
    EXPECT_EQ(over.status, 400);
    EXPECT_EQ(
        over.body,
        R"({"message":"The max number of external_ids and aliases per request was exceeded"})");
  }
}

TEST_F(ExportAnswer, TakesOneOfDeviceEmailAndPhone) {
  // Section 7.1: "one of device_id, email_address, phone"; the outcome of more is ours.
  const std::string email = R"("email_address":"a@b.co")";
  EXPECT_EQ(Export("{" + email + "}").status, 201);
  EXPECT_EQ(Export("{" + email + R"(,"device_id":"device-1"})").status, 400);
  EXPECT_EQ(Export("{" + email + R"(,"phone":"+15551234567"})").status, 400);
  EXPECT_EQ(Export("{" + email + R"(,"external_ids":["u"],"braze_id":"x"})").status, 201);
}

TEST_F(ExportAnswer, FieldsAreRequiredOfNewCustomers) {
  // Section 7.1: "fields_to_export (required for customers since 22 August 2024)"; the text is
  // ours.
  EXPECT_EQ(Export(R"({"external_ids":["u"]})").status, 201);
  Control("/_mock/workspace", R"({"onboarded":"2024-08-22"})");
  EXPECT_EQ(Export(R"({"external_ids":["u"]})").status, 400);
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":[]})").status, 400);
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":["email"]})").status, 201);
  Control("/_mock/workspace", R"({"onboarded":"2024-08-21"})");
  EXPECT_EQ(Export(R"({"external_ids":["u"]})").status, 201);
}

TEST_F(ExportAnswer, HasTheFieldsThatWereAskedFor) {
  // Section 7.1: fields_to_export; "a missing field is empty".
  Set(R"("a":1,"first_name":"Ada","current_location":{"longitude":13.4,"latitude":52.5})");
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":["last_coordinates","last_name",
                       "external_id","custom_attributes"]})")
                .body,
            R"({"users":[{"external_id":"u","last_coordinates":[13.4,52.5],)"
            R"("custom_attributes":{"a":1}}],"message":"success"})");
}

TEST_F(ExportAnswer, UnknownFieldIs400) {
  // Ours: what Braze answers is not stated.
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":["email","plan"]})").status, 400);
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":[7]})").status, 400);
  EXPECT_EQ(Export(R"({"external_ids":["u"],"fields_to_export":"email"})").status, 400);
}

TEST_F(ExportAnswer, IsStaleDuringTheProcessingDelay) {
  // Section 4.6: "profiles are usually up to date in 10 to 100 ms".
  Control("/_mock/workspace", R"({"processing_delay_ms":100})");
  Set(R"("id":"u")");
  EXPECT_EQ(Found(R"({"external_ids":["u"]})"), R"( not ["u"])");
  clock_.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(Found(R"({"external_ids":["u"]})"), "u");
}

TEST_F(ExportAnswer, HasTheEventsOfTheLast90Days) {
  // Section 7.1: "custom_events (last 90 days)".
  const auto event = [](const char* name, const char* time) {
    return R"({"external_id":"u","name":")" + std::string(name) + R"(","time":")" + time + "\"}";
  };
  // The clock stands at 2026-09-07.
  Track(R"({"events":[)" + event("old", "2026-06-08T00:00:00Z") + "," +
        event("recent", "2026-06-10T00:00:00Z") + "]}");
  const auto events = [&] {
    const Value body = Parsed(Export(R"({"external_ids":["u"]})").body);
    const Value* list = body.Find("users")->list()->front().Find("custom_events");
    return list ? ToJson(*list) : "";
  };
  EXPECT_EQ(events(), R"([{"name":"recent","first":"2026-06-10T00:00:00Z",)"
                      R"("last":"2026-06-10T00:00:00Z","count":1}])");
  clock_.Advance(std::chrono::days(3));
  EXPECT_EQ(events(), "");
}

TEST_F(ExportAnswer, BadRequestIs400WithAMessageAlone) {
  for (const char* body :
       {"{}", R"({"external_ids":[]})", R"({"external_ids":"u"})", R"({"external_ids":[{}]})",
        R"({"user_aliases":["n"]})", R"({"user_aliases":{}})", R"({"braze_id":5})",
        R"({"device_id":5})", R"({"email_address":"nobody"})", R"({"phone":[]})", "[]", "{"}) {
    const Response response = Export(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(Parsed(response.body).object()->size(), 1U) << body;
  }
}

TEST_F(ExportAnswer, NeedsItsPermission) {
  // Section 1.4: "users.export.ids" opens "/users/export/ids"; a missing one is "403 Access
  // Denied".
  Control("/_mock/workspace", R"({"keys":[{"key":"track","permissions":["users.track"]},
                                          {"key":"read","permissions":["users.export.ids"]}]})");
  EXPECT_EQ(Export(R"({"external_ids":["u"]})", "track").status, 403);
  EXPECT_EQ(Export(R"({"external_ids":["u"]})", "read").status, 201);
}

TEST_F(ExportAnswer, HasTheLimitOfTheCustomersAge) {
  // Section 1.8: "250 a minute for customers since 22 August 2024, else 2,500".
  const std::string body = R"({"external_ids":["u"]})";
  EXPECT_EQ(Header(Export(body), "x-ratelimit-limit"), "2500");
  Control("/_mock/workspace", R"({"onboarded":"2024-08-22"})");
  EXPECT_EQ(Header(Export(body), "x-ratelimit-limit"), "250");
  for (int i = 2; i < 250; ++i) ASSERT_EQ(Export(body).status, 400) << i;
  EXPECT_EQ(Export(body).status, 429);
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(Export(body).status, 400);
}

TEST_F(ExportAnswer, WithFieldsTakes40RequestsASecond) {
  // Section 1.8: "with fields_to_export 40 a second".
  const std::string body = R"({"external_ids":["u"],"fields_to_export":["email"]})";
  for (int i = 0; i < 40; ++i) ASSERT_EQ(Export(body).status, 201) << i;
  EXPECT_EQ(Export(body).status, 429);
  EXPECT_EQ(Export(R"({"external_ids":["u"]})").status, 201);  // another bucket
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Export(body).status, 201);
}

}  // namespace
}  // namespace mockbraze
