#include <string>

#include "tests/unit/mockbraze/service_fixture.h"

// Profile fields, docs/braze-contract.md section 2.3, and the codes of section 4.2.
namespace mockbraze {
namespace {

class FieldRule : public ServiceFixture {
 protected:
  // The code that refuses an attributes object; empty when it is taken.
  std::string Code(const std::string& members) {
    const Value body = Parsed(Track(R"({"attributes":[{)" + members + "}]}").body);
    const Value* errors = body.Find("errors");
    return errors ? *(*errors->list())[0].Find("type")->string() : std::string();
  }
  std::string CodeOf(const std::string& members) { return Code(R"("external_id":"u",)" + members); }
  // A field of a user as JSON; "none" when it is not there.
  std::string Field(const std::string& name, const std::string& id = "external_id=u") {
    const Value user = Parsed(Get("/_mock/users?" + id).body);
    const Value* field = user.Find(name);
    return field ? ToJson(*field) : "none";
  }
};

constexpr char group_a[] = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr char group_b[] = "bbbbbbbb-0000-4000-8000-000000000002";

std::string Groups(const std::string& id, const std::string& state) {
  return R"("subscription_groups":[{"subscription_group_id":")" + id +
         R"(","subscription_state":")" + state + "\"}]";
}

TEST_F(FieldRule, PushTokensHaveTheirCodes) {
  // Section 4.2: BAD_PUSH_TOKEN_VALUE, _STRING, _APP_ID and BAD_DEVICE_ID.
  const auto tokens = [&](const std::string& token) { return CodeOf(R"("push_tokens":)" + token); };
  EXPECT_EQ(tokens(R"({"app_id":"a","token":"t"})"), "BAD_PUSH_TOKEN_VALUE");
  EXPECT_EQ(tokens(R"(["t"])"), "BAD_PUSH_TOKEN_VALUE");
  EXPECT_EQ(tokens(R"([{"app_id":"a","token":5}])"), "BAD_PUSH_TOKEN_STRING");
  EXPECT_EQ(tokens(R"([{"app_id":"a"}])"), "BAD_PUSH_TOKEN_STRING");
  EXPECT_EQ(tokens(R"([{"token":"t"}])"), "BAD_PUSH_TOKEN_APP_ID");
  const auto device = [&](const std::string& id) {
    return tokens(R"([{"app_id":"a","token":"t","device_id":)" + id + "}]");
  };
  EXPECT_EQ(device("\"1234567\""), "BAD_DEVICE_ID");
  EXPECT_EQ(device("12345678"), "BAD_DEVICE_ID");
  EXPECT_EQ(device("\"" + std::string(256, 'd') + "\""), "BAD_DEVICE_ID");
  EXPECT_EQ(device("\"" + std::string(255, 'd') + "\""), "");
  EXPECT_EQ(device("\"12345678\""), "");
}

TEST_F(FieldRule, PushTokenOfAnotherWorkspaceIsRefused) {
  // Section 4.2: BAD_PUSH_TOKEN_APP_ID, "app_id not of this workspace".
  Control("/_mock/workspace", R"({"app_ids":["mine"]})");
  EXPECT_EQ(CodeOf(R"("push_tokens":[{"app_id":"mine","token":"t"}])"), "");
  EXPECT_EQ(CodeOf(R"("push_tokens":[{"app_id":"other","token":"t"}])"), "BAD_PUSH_TOKEN_APP_ID");
}

TEST_F(FieldRule, MissingDeviceIdIsGenerated) {
  // Section 2.3: push_tokens, "a missing device_id is generated"; here always the same one.
  const std::string two =
      R"("push_tokens":[{"app_id":"a","token":"t"},{"app_id":"a","token":"s"}])";
  EXPECT_EQ(CodeOf(two), "");
  const Value tokens = Parsed(Field("push_tokens"));
  const std::string first = *(*tokens.list())[0].Find("device_id")->string();
  EXPECT_EQ(first.size(), 32U);
  EXPECT_NE(first, *(*tokens.list())[1].Find("device_id")->string());
  CodeOf(two);
  EXPECT_EQ(Parsed(Field("push_tokens")), tokens);
}

TEST_F(FieldRule, PushTokenImportNeedsTokensAndNoId) {
  // Section 2.2: "external_id, braze_id must be absent, a push token must be present".
  const std::string tokens =
      R"("push_token_import":true,"push_tokens":[{"app_id":"a","token":"t"}])";
  EXPECT_EQ(CodeOf(tokens), "BAD_PUSH_TOKEN_IMPORT");
  EXPECT_EQ(Code(R"("braze_id":"b",)" + tokens), "BAD_PUSH_TOKEN_IMPORT");
  EXPECT_EQ(Code(R"("push_token_import":true)"), "BAD_PUSH_TOKEN_IMPORT");
  EXPECT_EQ(Code(R"("push_token_import":true,"push_tokens":[])"), "BAD_PUSH_TOKEN_IMPORT");
  EXPECT_EQ(Code(R"("push_token_import":true,"push_tokens":[{"app_id":"a","token":5}])"),
            "BAD_PUSH_TOKEN_STRING");
  EXPECT_EQ(Code(tokens), "");
  EXPECT_EQ(Code(R"("push_token_import":false,"email":"a@b.co")"), "");
}

TEST_F(FieldRule, KnownPushTokenIsNotImportedAgain) {
  // Section 2.2: "an already known token makes the object a no-op; otherwise an anonymous temporary
  // profile is made".
  const auto import = [&](const std::string& tokens) {
    return Code(R"("push_token_import":true,"plan":1,"push_tokens":[)" + tokens + "]");
  };
  EXPECT_EQ(import(R"({"app_id":"a","token":"t"})"), "");
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Drops("known-push-token"), 0);
  EXPECT_EQ(import(R"({"app_id":"a","token":"t"})"), "");
  EXPECT_EQ(Stat("profiles"), 1);
  EXPECT_EQ(Drops("known-push-token"), 2);
  EXPECT_EQ(import(R"({"app_id":"a","token":"t"},{"app_id":"a","token":"s"})"), "");
  EXPECT_EQ(Stat("profiles"), 2);
  CodeOf(R"("push_tokens":[{"app_id":"a","token":"mine"}])");
  EXPECT_EQ(import(R"({"app_id":"a","token":"mine"})"), "");
  EXPECT_EQ(Stat("profiles"), 3);
}

TEST_F(FieldRule, PushTokenImportWaitsForItsProcessing) {
  Control("/_mock/workspace", R"({"processing_delay_ms":100,"partial_processing":true})");
  const std::string import =
      R"("push_token_import":true,"push_tokens":[{"app_id":"a","token":"t"}])";
  Code(import);
  Code(import);
  EXPECT_EQ(Stat("profiles"), 0);
  clock_.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(Stat("profiles"), 1);
}

TEST_F(FieldRule, SubscriptionGroupsHaveTheirCodes) {
  // Section 4.2: BAD_SUBSCRIPTION_GROUP_ARRAY, _HASH, _ID and _STATE.
  const std::string id = std::string(R"("subscription_group_id":")") + group_a + "\"";
  const auto group = [&](const std::string& members) {
    return CodeOf(R"("subscription_groups":[{)" + members + "}]");
  };
  EXPECT_EQ(CodeOf(R"("subscription_groups":{})"), "BAD_SUBSCRIPTION_GROUP_ARRAY");
  EXPECT_EQ(CodeOf(R"("subscription_groups":["x"])"), "BAD_SUBSCRIPTION_GROUP_HASH");
  EXPECT_EQ(group(id), "BAD_SUBSCRIPTION_GROUP_HASH");
  EXPECT_EQ(group(R"("subscription_state":"subscribed")"), "BAD_SUBSCRIPTION_GROUP_HASH");
  EXPECT_EQ(CodeOf(Groups("no-uuid", "subscribed")), "BAD_SUBSCRIPTION_GROUP_ID");
  EXPECT_EQ(CodeOf(Groups(group_a, "opted_in")), "BAD_SUBSCRIPTION_GROUP_STATE");
  const std::string subscribed = id + R"(,"subscription_state":"subscribed")";
  EXPECT_EQ(group(subscribed + R"(,"use_double_opt_in_logic":"yes")"),
            "BAD_SUBSCRIPTION_GROUP_HASH");
  EXPECT_EQ(group(subscribed + R"(,"use_double_opt_in_logic":true)"), "");
}

TEST_F(FieldRule, SubscriptionGroupMustBeOfTheWorkspace) {
  // Section 4.2: BAD_SUBSCRIPTION_GROUP_ID, "not a valid group UUID".
  Control("/_mock/workspace", std::string(R"({"subscription_groups":[")") + group_a + "\"]}");
  EXPECT_EQ(CodeOf(Groups(group_a, "subscribed")), "");
  EXPECT_EQ(CodeOf(Groups(group_b, "subscribed")), "BAD_SUBSCRIPTION_GROUP_ID");
}

TEST_F(FieldRule, SubscriptionGroupChangesAllUsersOfTheEmail) {
  // Section 2.3: "Setting a subscription group through external_id also changes the state of other
  // users sharing that email".
  Track(R"({"attributes":[{"external_id":"v","email":"A@b.co"},{"external_id":"w"}]})");
  CodeOf(R"("email":"a@b.co",)" + Groups(group_a, "subscribed"));
  CodeOf(Groups(group_b, "unsubscribed"));
  const std::string both = Field("subscription_groups");
  EXPECT_NE(both.find(group_a), std::string::npos);
  EXPECT_NE(both.find(group_b), std::string::npos);
  EXPECT_EQ(Field("subscription_groups", "external_id=v"), both);
  EXPECT_EQ(Field("subscription_groups", "external_id=w"), "none");
}

TEST_F(FieldRule, LocationIsTwoNumbers) {
  // Section 4.2: BAD_LOCATION_UPDATE, "current_location not {longitude, latitude}".
  for (const std::string bad :
       {R"("here")", R"({"longitude":1})", R"({"longitude":"1","latitude":2})",
        R"({"longitude":181,"latitude":2})"}) {
    EXPECT_EQ(CodeOf(R"("current_location":)" + bad), "BAD_LOCATION_UPDATE") << bad;
  }
  EXPECT_EQ(CodeOf(R"("current_location":{"longitude":-180,"latitude":90})"), "");
  EXPECT_EQ(Field("last_coordinates"), "[-180,90]");
}

TEST_F(FieldRule, CountryIsMappedOrBecomesNull) {
  // Section 2.3: "ISO 3166-1 alpha-2; best-effort mapping of other spellings; no match: value
  // becomes NULL".
  for (const auto& [sent, kept] :
       std::initializer_list<std::pair<std::string, std::string>>{{"AU", "AU"},
                                                                  {"de", "DE"},
                                                                  {"Australia", "AU"},
                                                                  {"united states", "US"},
                                                                  {"GBR", "GB"},
                                                                  {"UK", "GB"},
                                                                  {"South Korea", "KR"}}) {
    CodeOf(R"("country":")" + sent + "\"");
    EXPECT_EQ(Field("country"), "\"" + kept + "\"") << sent;
  }
  EXPECT_EQ(Drops("bad-field-value"), 0);
  CodeOf(R"("country":"Atlantis")");
  EXPECT_EQ(Field("country"), "none");
  EXPECT_EQ(Drops("bad-field-value"), 1);
}

TEST_F(FieldRule, LanguageIsIso639) {
  // Section 2.3: language, "ISO 639-1".
  CodeOf(R"("language":"de")");
  for (const std::string bad : {"xx", "deu", "German", "DE", ""}) {
    CodeOf(R"("language":")" + bad + "\"");
    EXPECT_EQ(Field("language"), "\"de\"") << bad;
  }
  EXPECT_EQ(Drops("bad-field-value"), 5);
}

TEST_F(FieldRule, TimeZoneIsOfIanaOrRails) {
  // Section 2.3: "IANA name (Rails names such as "Eastern Time (US & Canada)" also accepted);
  // invalid values are not set".
  for (const std::string good :
       {"Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5", "US/Eastern",
        "Eastern Time (US & Canada)", "Nuku'alofa"}) {
    CodeOf(R"("time_zone":")" + good + "\"");
    EXPECT_EQ(Field("time_zone"), "\"" + good + "\"");
  }
  for (const std::string bad : {"Mars/Olympus", "europe/berlin", "", "+02:00"}) {
    CodeOf(R"("time_zone":")" + bad + "\"");
    EXPECT_EQ(Field("time_zone"), "\"Nuku'alofa\"") << bad;
  }
  EXPECT_EQ(Drops("bad-field-value"), 4);
}

TEST_F(FieldRule, GenderAndBirthdayHaveTheirForms) {
  // Section 2.3: gender "M, F, O, N, P, or null"; dob "YYYY-MM-DD".
  CodeOf(R"("gender":"N","dob":"1980-12-21")");
  CodeOf(R"("gender":"male","dob":"12/21/1980")");
  CodeOf(R"("gender":"m","dob":"1980-13-21")");
  EXPECT_EQ(Field("gender"), "\"N\"");
  EXPECT_EQ(Field("dob"), "\"1980-12-21\"");
  EXPECT_EQ(Drops("bad-field-value"), 4);
  CodeOf(R"("gender":null)");
  EXPECT_EQ(Field("gender"), "none");
}

TEST_F(FieldRule, DatesAndSwitchesHaveTheirTypes) {
  // Section 2.3: "date string, formats in 2.4"; email_open_tracking_disabled "bool".
  CodeOf(R"("date_of_first_session":"2026-01-01","email_open_tracking_disabled":true)");
  CodeOf(R"("date_of_first_session":"soon","email_open_tracking_disabled":"no")");
  CodeOf(R"("marked_email_as_spam_at":5,"email_click_tracking_disabled":0)");
  EXPECT_EQ(Field("date_of_first_session"), "\"2026-01-01\"");
  EXPECT_EQ(Field("email_open_tracking_disabled"), "true");
  EXPECT_EQ(Drops("bad-field-value"), 4);
}

TEST_F(FieldRule, FacebookAndTwitterHaveTheirShapes) {
  // Section 2.3: "object of id string, likes array of strings, num_friends integer"; twitter "id
  // integer, screen_name, followers_count, friends_count, statuses_count".
  CodeOf(R"("facebook":{"id":"1","likes":["x"],"num_friends":3},)"
         R"("twitter":{"id":1,"screen_name":"s"})");
  EXPECT_EQ(Drops("bad-field-value"), 0);
  for (const std::string bad : {R"("facebook":"x")", R"("facebook":{"id":1})",
                                R"("facebook":{"likes":[1]})", R"("facebook":{"num_friends":"3"})",
                                R"("twitter":{"id":"1"})", R"("twitter":{"friends_count":"1"})"}) {
    CodeOf(bad);
  }
  EXPECT_EQ(Drops("bad-field-value"), 6);
}

TEST_F(FieldRule, NullRemovesAFieldButNoIdentifier) {
  // Section 2.1: "external_id and user_alias cannot be removed by null".
  CodeOf(R"("email":"a@b.co","phone":"+15551234567","first_name":"A","image_url":"i")");
  EXPECT_EQ(CodeOf(R"("email":null,"phone":null,"first_name":null,"image_url":null)"), "");
  for (const char* name : {"email", "phone", "first_name", "image_url"}) {
    EXPECT_EQ(Field(name), "none") << name;
  }
  EXPECT_EQ(Get("/_mock/users?email=a@b.co").status, 404);
  const std::string braze_id = Field("braze_id");
  EXPECT_EQ(Code(R"("external_id":null,"user_alias":null,"plan":1,"braze_id":)" + braze_id), "");
  EXPECT_EQ(Attributes(), R"({"plan":1})");
}

TEST_F(FieldRule, BlockedExternalIdIsBlacklisted) {
  // Section 4.2: BLACKLISTED_EXTERNAL_USER_ID, "external_id blocked".
  Control("/_mock/workspace", R"({"blocked_external_ids":["dummy"]})");
  EXPECT_EQ(Code(R"("external_id":"dummy","plan":1)"), "BLACKLISTED_EXTERNAL_USER_ID");
  EXPECT_NE(Track(R"({"events":[{"external_id":"dummy","name":"e","time":"2026-01-01"}]})")
                .body.find("BLACKLISTED_EXTERNAL_USER_ID"),
            std::string::npos);
  EXPECT_EQ(CodeOf(R"("plan":1)"), "");
}

TEST_F(FieldRule, SentenceStyleUsesTheObservedSentences) {
  // Section 4.2: "type is either a documented code or a human sentence for the same fault".
  Control("/_mock/workspace", R"({"error_style":"sentence","blocked_external_ids":["dummy"]})");
  EXPECT_EQ(Code(R"("external_id":"dummy")"), "provided external_id is blacklisted and disallowed");
  EXPECT_EQ(CodeOf(R"("email":"x")"),
            "The value provided for the 'email' field is not a valid email.");
  EXPECT_EQ(Code(R"("external_id":")" + std::string(988, 'x') + "\""),
            "'external_id' must be fewer than 988 bytes");
  EXPECT_EQ(Code(R"("a":1)"), "'external_id' or 'braze_id' or 'user_alias' is required");
  EXPECT_EQ(CodeOf(R"("push_tokens":1)"), "BAD_PUSH_TOKEN_VALUE");
}

}  // namespace
}  // namespace mockbraze
