#include <gmock/gmock.h>

#include <string>

#include "server/api/decode.h"
#include "server/base/limits.h"
#include "tests/unit/server/api/decode_fixture.h"

namespace peaksync {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DecodeCustomer : public ::testing::Test {
 protected:
  PreparedUpdate Decode(const v1::CustomerUpdate& update) {
    return DecodeUpdate(update, 0, DecodeContext{catalog_, "model", kNow, kNow});
  }

  // The reason why `update` has no customer.
  std::string Reason(const v1::CustomerUpdate& update) {
    const PreparedUpdate prepared = Decode(update);
    EXPECT_FALSE(prepared.customer.has_value());
    EXPECT_THAT(prepared.values, IsEmpty());
    EXPECT_EQ(prepared.received_values, 2u);
    if (prepared.invalid.size() != 1) return "not one reason";
    EXPECT_EQ(prepared.invalid[0].name, "customer");
    EXPECT_TRUE(prepared.invalid[0].whole_update);
    return prepared.invalid[0].reason;
  }

  v1::CustomerUpdate update_ = Update({{"a", Int(1)}, {"b", Int(2)}});
  v1::Customer& customer_ = *update_.mutable_customer();
  AttributeCatalog catalog_{"acme", TenantRules{}};
};

TEST_F(DecodeCustomer, TakesEachKindOfIdentifier) {
  customer_.set_external_id("e");
  EXPECT_EQ(Decode(update_).customer, (Customer{IdentifierKind::kExternalId, "e", ""}));
  customer_.set_braze_id("b");
  EXPECT_EQ(Decode(update_).customer, (Customer{IdentifierKind::kBrazeId, "b", ""}));
  customer_.set_email("Ada@example.com");
  EXPECT_EQ(Decode(update_).customer, (Customer{IdentifierKind::kEmail, "Ada@example.com", ""}));
  customer_.set_phone("+491");
  EXPECT_EQ(Decode(update_).customer, (Customer{IdentifierKind::kPhone, "+491", ""}));
  customer_.mutable_user_alias()->set_alias_name("n");
  customer_.mutable_user_alias()->set_alias_label("l");
  const PreparedUpdate prepared = Decode(update_);
  EXPECT_EQ(prepared.customer, (Customer{IdentifierKind::kUserAlias, "n", "l"}));
  EXPECT_EQ(prepared.customer_key, prepared.customer->Key());
}

TEST_F(DecodeCustomer, RefusesAnUpdateWithoutOne) {
  update_.clear_customer();
  EXPECT_THAT(Reason(update_), HasSubstr("names no customer"));
  update_.mutable_customer();
  EXPECT_THAT(Reason(update_), HasSubstr("names no customer"));
}

TEST_F(DecodeCustomer, RefusesEmptyIdentifiers) {
  customer_.set_external_id("");
  EXPECT_THAT(Reason(update_), HasSubstr("external_id is empty"));
  customer_.set_email("");
  EXPECT_THAT(Reason(update_), HasSubstr("email is empty"));
  customer_.mutable_user_alias()->set_alias_name("n");
  EXPECT_THAT(Reason(update_), HasSubstr("alias_label is empty"));
  customer_.mutable_user_alias()->clear_alias_name();
  EXPECT_THAT(Reason(update_), HasSubstr("alias_name is empty"));
}

TEST_F(DecodeCustomer, BoundsIdentifiersInBytes) {
  customer_.set_external_id(std::string(987, 'x'));
  EXPECT_TRUE(Decode(update_).customer.has_value());
  customer_.set_external_id(std::string(988, 'x'));
  EXPECT_THAT(Reason(update_), HasSubstr("longer than 987 bytes"));
  customer_.mutable_user_alias()->set_alias_name(std::string(236, 'x'));
  customer_.mutable_user_alias()->set_alias_label(std::string(236, 'x'));
  EXPECT_TRUE(Decode(update_).customer.has_value());
  customer_.mutable_user_alias()->set_alias_label(std::string(237, 'x'));
  EXPECT_THAT(Reason(update_), HasSubstr("alias_label is longer than 236 bytes"));
}

TEST_F(DecodeCustomer, RefusesWhatIsNotUtf8) {
  customer_.set_phone("\xFF");
  EXPECT_THAT(Reason(update_), HasSubstr("phone is not valid UTF-8"));
}

}  // namespace
}  // namespace peaksync
