#include "client/table_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/value_json.h"
#include "tests/support/status_matchers.h"

namespace peaksync::client {
namespace {

using ::peaksync::testing::IsOk;
using ::peaksync::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Texts = std::vector<std::optional<std::string>>;

// Rows of a test; after them the end, or an error.
class FakeRows final : public TableRows {
 public:
  explicit FakeRows(std::vector<Texts> rows, absl::Status end = absl::OkStatus())
      : rows_(std::move(rows)), end_(std::move(end)) {}
  absl::StatusOr<bool> Next(std::span<const Cell>* cells) override {
    if (at_ == rows_.size()) return end_.ok() ? absl::StatusOr<bool>(false) : end_;
    cells_.assign(rows_[at_].begin(), rows_[at_].end());
    ++at_;
    *cells = cells_;
    return true;
  }

 private:
  std::vector<Texts> rows_;
  absl::Status end_;
  std::size_t at_ = 0;
  std::vector<Cell> cells_;
};

class TableSourceTest : public ::testing::Test {
 protected:
  TableSourceTest() {
    spec_.table = "scores";
    spec_.id_column = "id";
    spec_.updated_at_column = "at";
  }
  // Over columns id, at and these.
  std::unique_ptr<RowSource> Open(std::vector<DbColumn> columns, TableRows& rows) {
    columns.insert(columns.begin(),
                   {{"id", DbType::kText, "text"}, {"at", DbType::kMoment, "timestamptz"}});
    std::vector<std::string> problems;
    TablePlan plan = PlanTable(spec_, columns, {}, &problems);
    EXPECT_THAT(problems, ::testing::IsEmpty());
    return MakeTableSource(spec_, std::move(plan), rows);
  }
  // "id@time name=json …" of an update, or "column: reason".
  std::string Next(RowSource& source) {
    const auto row = source.Next(&update_, &info_);
    EXPECT_THAT(row, IsOk());
    if (*row == RowSource::Row::kEnd) return "end";
    if (*row == RowSource::Row::kEmpty) return "empty";
    if (*row == RowSource::Row::kInvalid) return info_.column + ": " + info_.reason;
    std::string text = update_.customer().external_id() + "@" +
                       FormatTime({update_.updated_at().seconds(), update_.updated_at().nanos()});
    for (const auto& attribute : update_.attributes()) {
      text += " " + attribute.name() + "=" + JsonText(attribute.value());
    }
    return text;
  }

  TableSpec spec_;
  v1::CustomerUpdate update_;
  RowInfo info_;
};

constexpr char kTime[] = "2026-09-07 02:00:00+00";

TEST_F(TableSourceTest, MakesUpdatesOfRows) {
  FakeRows rows({{"7", kTime, "0.5", "gold"}, {"8", kTime, std::nullopt, "silver"}});
  const auto source = Open({{"churn", DbType::kDouble}, {"plan", DbType::kText}}, rows);
  EXPECT_EQ(Next(*source), "7@2026-09-07T02:00:00Z churn=0.5 plan=\"gold\"");
  EXPECT_EQ(Next(*source), "8@2026-09-07T02:00:00Z plan=\"silver\"");
  EXPECT_EQ(info_.line, 2);
  EXPECT_EQ(Next(*source), "end");
}

TEST_F(TableSourceTest, SkipsNullsOrUnsets) {
  const std::vector<Texts> data = {{"7", kTime, std::nullopt}};
  FakeRows rows(data);
  EXPECT_EQ(Next(*Open({{"churn", DbType::kDouble}}, rows)), "empty");
  spec_.nulls_unset = true;
  FakeRows again(data);
  EXPECT_EQ(Next(*Open({{"churn", DbType::kDouble}}, again)), "7@2026-09-07T02:00:00Z churn=null");
}

TEST_F(TableSourceTest, NamesTheColumnOfAnInvalidRowAndGoesOn) {
  FakeRows rows({{std::nullopt, kTime, "1"},
                 {"", kTime, "1"},
                 {"7", std::nullopt, "1"},
                 {"7", "infinity", "1"},
                 {"7", kTime, "NaN"},
                 {"7", kTime, "1"}});
  const auto source = Open({{"churn", DbType::kDouble}}, rows);
  EXPECT_EQ(Next(*source), "id: the identifier is empty");
  EXPECT_EQ(Next(*source), "id: the identifier is empty");
  EXPECT_EQ(Next(*source), "at: the time is empty");
  EXPECT_THAT(Next(*source), HasSubstr("at: "));
  EXPECT_THAT(Next(*source), HasSubstr("churn: "));
  EXPECT_THAT(Next(*source), HasSubstr("churn=1.0"));
}

TEST_F(TableSourceTest, ReadsLongTables) {
  spec_.is_long = true;
  spec_.attribute_column = "name";
  spec_.value_column = "value";
  spec_.types = {{"churn", ColumnType::kDouble}};
  spec_.rename = {{"churn", "churn_risk"}};
  spec_.exclude = {"debug"};
  FakeRows rows({{"7", kTime, "churn", "0.5"},
                 {"7", kTime, "zip", "01234"},
                 {"7", kTime, "debug", "x"},
                 {"7", kTime, std::nullopt, "x"},
                 {"7", kTime, "churn", "high"}});
  const auto source = Open({{"name", DbType::kText}, {"value", DbType::kText}}, rows);
  EXPECT_EQ(Next(*source), "7@2026-09-07T02:00:00Z churn_risk=0.5");
  EXPECT_EQ(Next(*source), "7@2026-09-07T02:00:00Z zip=\"01234\"");
  EXPECT_EQ(Next(*source), "empty");
  EXPECT_EQ(Next(*source), "name: the attribute's name is empty");
  EXPECT_THAT(Next(*source), HasSubstr("churn: expected a finite number"));
}

TEST_F(TableSourceTest, EndsWithTheDatabasesError) {
  FakeRows rows({}, absl::UnavailableError("the connection is gone"));
  const auto source = Open({{"churn", DbType::kDouble}}, rows);
  EXPECT_THAT(source->Next(&update_, &info_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("gone")));
}

TEST_F(TableSourceTest, WritesRefusedRowsAsJsonThatCanBePushed) {
  FakeRows rows({{"7", kTime, "9007199254740993", "gold"}});
  const auto source = Open({{"orders", DbType::kInteger}, {"plan", DbType::kText}}, rows);
  Next(*source);
  EXPECT_EQ(source->RejectsLine({1, "plan", "no such plan"}, source->RowText()),
            R"({"peaksync_line":1,"peaksync_column":"plan","peaksync_reason":"no such plan",)"
            R"("row":{"id":"7","at":"2026-09-07T02:00:00Z","orders":9007199254740993,)"
            R"("plan":"gold"}})");
  v1::Rejection rejection;
  rejection.mutable_customer()->set_external_id("7");
  rejection.mutable_updated_at()->set_seconds(1);
  rejection.mutable_attribute()->set_name("orders");
  rejection.mutable_attribute()->mutable_value()->set_int64_value(3);
  rejection.set_reason("too few");
  EXPECT_THAT(source->RejectionLine(rejection),
              AllOf(HasSubstr(R"("peaksync_reason":"Braze: too few")"),
                    HasSubstr(R"("row":{"id":"7","at":"1970-01-01T00:00:01Z","orders":3})")));
}

}  // namespace
}  // namespace peaksync::client
