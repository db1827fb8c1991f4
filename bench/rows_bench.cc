// What it costs the client to make updates of rows: of a CSV file, of JSON Lines, of a database's
// cells. Five attributes and a time a row. Goal: 200,000 rows/s of CSV, so that the client is not
// what a push waits for.
// Non-goals: the disk, the database itself, and the stream to the service.
#include <benchmark/benchmark.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/byte_source.h"
#include "client/row_source.h"
#include "client/table_source.h"

namespace peaksync::client {
namespace {

constexpr int kRows = 20'000;

RowOptions Options() {
  RowOptions options;
  options.id_column = "id";
  options.updated_at_column = "at";
  return options;
}

std::string Id(int row) { return std::to_string(1'000'000'000'000'000 + row); }

// Reads a file of kRows rows from its open to its end.
template <typename Open>
void ReadAll(benchmark::State& state, Open open) {
  for (auto _ : state) {
    const std::unique_ptr<RowSource> source = open();
    v1::CustomerUpdate update;
    RowInfo info;
    int rows = 0;
    for (;;) {
      const auto row = source->Next(&update, &info);
      if (!row.ok() || *row == RowSource::Row::kEnd) break;
      rows += update.attributes_size() == 5 ? 1 : 0;
    }
    if (rows != kRows) state.SkipWithError("a row is missing");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

void BM_CsvRows(benchmark::State& state) {
  std::string text = "id,at,churn,ltv,tenure,senior,offer\n";
  for (int row = 0; row < kRows; ++row) {
    text += Id(row) + ",2026-09-07T02:00:00Z,0.3155191622839,1612.95,34,true,add_on\n";
  }
  ReadAll(state, [bytes = std::unique_ptr<ByteSource>(), &text]() mutable {
    bytes = std::make_unique<StringSource>(text);
    return *OpenCsv(*bytes, "bench.csv", Options());
  });
}
BENCHMARK(BM_CsvRows)->Unit(benchmark::kMillisecond);

void BM_JsonLinesRows(benchmark::State& state) {
  std::string text;
  for (int row = 0; row < kRows; ++row) {
    text += R"({"id":")" + Id(row) +
            R"(","at":"2026-09-07T02:00:00Z","churn":0.3155191622839,"ltv":1612.95,"tenure":34,)"
            R"("senior":true,"offer":"add_on"})"
            "\n";
  }
  ReadAll(state, [bytes = std::unique_ptr<ByteSource>(), &text]() mutable {
    bytes = std::make_unique<StringSource>(text);
    return *OpenJsonLines(*bytes, "bench.jsonl", Options());
  });
}
BENCHMARK(BM_JsonLinesRows)->Unit(benchmark::kMillisecond);

// The same row again and again, as a database gives it.
class SameRow final : public TableRows {
 public:
  absl::StatusOr<bool> Next(std::span<const Cell>* cells) override {
    if (left_-- == 0) return false;
    *cells = cells_;
    return true;
  }

 private:
  int left_ = kRows;
  const std::vector<Cell> cells_ = {"1000000000000000",
                                    "2026-09-07 02:00:00.123456+00",
                                    "0.3155191622839",
                                    "1612.95",
                                    "34",
                                    "t",
                                    "add_on"};
};

void BM_TableRows(benchmark::State& state) {
  TableSpec spec;
  spec.table = "scores";
  spec.id_column = "id";
  spec.updated_at_column = "at";
  const std::vector<DbColumn> columns = {
      {"id", DbType::kText, "text"},       {"at", DbType::kMoment, "timestamptz"},
      {"churn", DbType::kDouble, "float"}, {"ltv", DbType::kDecimal, "numeric", 10, 2},
      {"tenure", DbType::kInteger, "int"}, {"senior", DbType::kBool, "bool"},
      {"offer", DbType::kText, "text"}};
  std::vector<std::string> problems;
  const TablePlan plan = PlanTable(spec, columns, {}, &problems);
  if (!problems.empty()) state.SkipWithError("no plan");
  ReadAll(state, [&, rows = std::unique_ptr<SameRow>()]() mutable {
    rows = std::make_unique<SameRow>();
    return MakeTableSource(spec, plan, *rows);
  });
}
BENCHMARK(BM_TableRows)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peaksync::client

BENCHMARK_MAIN();
