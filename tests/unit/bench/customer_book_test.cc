#include "bench/customer_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace peaksync::bench {
namespace {

using ::testing::SizeIs;

TEST(CustomerBook, DrawsSomeCustomersOncePerPass) {
  CustomerBook book(1, 100);
  const auto some = book.NextOrder(30);
  EXPECT_THAT(some, SizeIs(30));
  EXPECT_THAT(std::set(some.begin(), some.end()), SizeIs(30));
  EXPECT_THAT(book.NextOrder(0), SizeIs(100));
  EXPECT_THAT(book.NextOrder(101), SizeIs(100));
}

TEST(CustomerBook, AdvancesOnlyWhoWasStreamed) {
  CustomerBook book(1, 4);
  book.Advance({1, 3});
  book.Advance({3});
  EXPECT_THAT(book.generations(), ::testing::ElementsAre(0, 1, 0, 2));
}

TEST(CustomerBook, GoesOnWhereItWasSaved) {
  CustomerBook book(1, 50);
  book.NextOrder(0);
  book.Advance({7});
  std::stringstream file;
  ASSERT_TRUE(book.Save(file));
  CustomerBook read(1, 50);
  ASSERT_TRUE(read.Load(file));
  EXPECT_EQ(read.generations(), book.generations());
  EXPECT_EQ(read.NextOrder(0), book.NextOrder(0));
}

TEST(CustomerBook, RefusesAFileThatIsCutOff) {
  std::stringstream file;
  ASSERT_TRUE(CustomerBook(1, 50).Save(file));
  std::stringstream cut(file.str().substr(0, 20));
  EXPECT_FALSE(CustomerBook(1, 50).Load(cut));
}

}  // namespace
}  // namespace peaksync::bench
