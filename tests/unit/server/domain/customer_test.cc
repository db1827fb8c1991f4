#include "server/domain/customer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace peaksync {
namespace {

TEST(Customer, EmailKeysDoNotDependOnCase) {
  const Customer lower{IdentifierKind::kEmail, "ada@example.com", ""};
  const Customer mixed{IdentifierKind::kEmail, "Ada@Example.COM", ""};
  EXPECT_EQ(lower.Key(), mixed.Key());
  EXPECT_EQ(mixed.id, "Ada@Example.COM");
}

TEST(Customer, OtherKeysAreExact) {
  const Customer lower{IdentifierKind::kExternalId, "ada", ""};
  const Customer upper{IdentifierKind::kExternalId, "ADA", ""};
  EXPECT_NE(lower.Key(), upper.Key());
}

TEST(Customer, KeysOfDifferentCustomersDiffer) {
  std::set<std::string> keys;
  for (const IdentifierKind kind : {IdentifierKind::kExternalId, IdentifierKind::kBrazeId,
                                    IdentifierKind::kEmail, IdentifierKind::kPhone}) {
    EXPECT_TRUE(keys.insert(Customer{kind, "ab", ""}.Key()).second);
  }
  EXPECT_TRUE(keys.insert(Customer{IdentifierKind::kUserAlias, "ab", "c"}.Key()).second);
  EXPECT_TRUE(keys.insert(Customer{IdentifierKind::kUserAlias, "b", "ca"}.Key()).second);
  EXPECT_TRUE(keys.insert(Customer{IdentifierKind::kUserAlias, "c", "ab"}.Key()).second);
  const std::string nul(1, '\0');
  EXPECT_TRUE(keys.insert(Customer{IdentifierKind::kUserAlias, "c", "a" + nul + "b"}.Key()).second);
  EXPECT_TRUE(keys.insert(Customer{IdentifierKind::kUserAlias, "b" + nul + "c", "a"}.Key()).second);
}

}  // namespace
}  // namespace peaksync
