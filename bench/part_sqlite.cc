// SQLite with the rows that the ledger needs, and nothing of the ledger: the settings that it makes
// (server/ledger/sqlite/database.cc), one row a customer, found by 42 bits of a hash.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/part_timer.h"
#include "bench/parts.h"

namespace peaksync::bench {
namespace {

constexpr std::size_t kLookupBatch = 10'000;
constexpr std::size_t kAppendCommit = 10'000;
constexpr std::size_t kAppendChunk = 1'000;  // Customers in a row of the outbox.
constexpr std::size_t kFoldCommit = 20'000;
constexpr const char* kSetUp = R"sql(
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;
PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;
PRAGMA cache_size=-131072; PRAGMA temp_store=MEMORY;
CREATE TABLE customers (customer_hash INTEGER PRIMARY KEY, bucket BLOB NOT NULL) STRICT;
CREATE TABLE outbox (chunk_id INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;
)sql";
constexpr const char* kWrite = "INSERT OR REPLACE INTO customers VALUES (?1, ?2)";

struct Row {
  std::int64_t hash;
  std::string bucket;  // 58 to 64 bytes: the kind of identifier, the id, two times, five values.
};

template <typename T>
void AppendBytes(T value, std::string* out) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out->append(bytes.data(), bytes.size());
}

Row RowOf(const Population& population, std::uint32_t number, int generation) {
  const Prediction made = population.Predict(number, generation);
  constexpr std::uint64_t kOddAndIrregular = 0x9E37'79B9'7F4A'7C15;
  Row row{static_cast<std::int64_t>(number * kOddAndIrregular >> 22), "e" + population.Id(number)};
  AppendBytes(std::int64_t{1'790'000'000'000'000'000} + generation, &row.bucket);
  AppendBytes(std::int32_t{generation}, &row.bucket);
  AppendBytes(made.churn_probability, &row.bucket);
  AppendBytes(made.lifetime_value, &row.bucket);
  AppendBytes(static_cast<std::int16_t>(made.orders), &row.bucket);
  row.bucket.push_back(made.is_high_value ? '\1' : '\0');
  AppendBytes(std::int32_t{generation}, &row.bucket);
  row.bucket += made.offer;
  return row;
}

// A file of SQLite that goes with it. Every error is kept; the first one is told at the end.
class SqliteFile {
 public:
  explicit SqliteFile(const std::string& path) : path_(path) {
    Note(sqlite3_open(path.c_str(), &db_));
    Execute(kSetUp);
  }
  ~SqliteFile() {
    sqlite3_close_v2(db_);
    for (const char* end : {"", "-wal", "-shm"}) std::remove((path_ + end).c_str());
  }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;
  Statement Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Note(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return {statement, &sqlite3_finalize};
  }
  void Execute(const char* sql) { Note(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  // Whether there was a row.
  bool Step(const Statement& statement) {
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) Note(code);
    return code == SQLITE_ROW;
  }
  void Bind(const Statement& statement, int place, std::int64_t number) {
    Note(sqlite3_bind_int64(statement.get(), place, number));
  }
  void Bind(const Statement& statement, int place, const std::string& bytes) {
    Note(sqlite3_bind_blob(statement.get(), place, bytes.data(), static_cast<int>(bytes.size()),
                           SQLITE_STATIC));
  }
  void Checkpoint(int mode) {
    Note(sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr));
  }
  absl::Status status() const {
    if (error_ == SQLITE_OK) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("SQLite alone: ", sqlite3_errstr(error_)));
  }

 private:
  void Note(int code) {
    if (error_ == SQLITE_OK) error_ = code;
  }

  const std::string path_;
  sqlite3* db_ = nullptr;
  int error_ = SQLITE_OK;
};

class SqliteAlone {
 public:
  SqliteAlone(const Rig& rig, std::uint32_t customers)
      : population_(rig.options().seed),
        order_(population_.Shuffled(customers, 0)),
        file_(rig.folder() + "/sqlite-alone.db") {
    rows_.reserve(customers);
    for (std::uint32_t number = 0; number < customers; ++number) {
      rows_.push_back(RowOf(population_, number, 0));
    }
    by_hash_.resize(customers);
    std::iota(by_hash_.begin(), by_hash_.end(), 0U);
    Sort(by_hash_);
    WriteAll();  // The table is full before anything is measured.
  }

  PartCost Lookup() {
    PartCost cost = New("sqlite_lookup", "look-ups, sorted within batches of 10,000");
    const auto select = file_.Prepare("SELECT bucket FROM customers WHERE customer_hash = ?1");
    PartTimer timer(&cost);
    timer.Resume();
    for (std::size_t at = 0; at < order_.size(); at += kLookupBatch) {
      const std::size_t end = std::min(order_.size(), at + kLookupBatch);
      std::vector<std::uint32_t> batch(order_.begin() + static_cast<std::ptrdiff_t>(at),
                                       order_.begin() + static_cast<std::ptrdiff_t>(end));
      Sort(batch);
      file_.Execute("BEGIN");
      for (const std::uint32_t number : batch) {
        file_.Bind(select, 1, rows_[number].hash);
        if (file_.Step(select)) ++cost.customers;
        sqlite3_reset(select.get());
      }
      file_.Execute("COMMIT");
    }
    timer.Pause();
    return cost;
  }

  // What is accepted, in the order in which it comes: durable before it is acknowledged.
  PartCost Append() {
    PartCost cost = New("sqlite_append", "the outbox, 1,000 customers a row, 10,000 a commit");
    const auto insert = file_.Prepare("INSERT INTO outbox (rows) VALUES (?1)");
    PartTimer timer(&cost);
    timer.Resume();
    std::string chunk;
    for (std::size_t at = 0; at < order_.size(); at += kAppendCommit) {
      file_.Execute("BEGIN IMMEDIATE");
      const std::size_t end = std::min(order_.size(), at + kAppendCommit);
      for (std::size_t first = at; first < end; first += kAppendChunk) {
        chunk.clear();
        for (std::size_t i = first; i < std::min(end, first + kAppendChunk); ++i) {
          chunk += rows_[order_[i]].bucket;
          ++cost.customers;
        }
        file_.Bind(insert, 1, chunk);
        file_.Step(insert);
        sqlite3_reset(insert.get());
      }
      file_.Execute("COMMIT");
      file_.Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
    }
    timer.Pause();
    return cost;
  }

  // All customers have changed, and go into the table in the order of their hashes.
  PartCost Fold() {
    PartCost cost = New("sqlite_fold", "rows replaced in the order of hashes, 20,000 a commit");
    for (std::uint32_t number = 0; number < rows_.size(); ++number) {
      rows_[number] = RowOf(population_, number, 1);
    }
    PartTimer timer(&cost);
    timer.Resume();
    Sort(by_hash_);
    WriteAll();
    timer.Pause();
    cost.customers = static_cast<std::int64_t>(rows_.size());
    return cost;
  }

  absl::Status status() const { return file_.status(); }

 private:
  static PartCost New(std::string name, std::string what) {
    PartCost cost;
    cost.name = std::move(name);
    cost.what = std::move(what);
    return cost;
  }
  void Sort(std::vector<std::uint32_t>& numbers) const {
    std::ranges::sort(numbers, {}, [this](std::uint32_t number) { return rows_[number].hash; });
  }
  // All rows, and an outbox that is empty afterwards.
  void WriteAll() {
    const auto write = file_.Prepare(kWrite);
    for (std::size_t at = 0; at < by_hash_.size(); at += kFoldCommit) {
      file_.Execute("BEGIN IMMEDIATE");
      for (std::size_t i = at; i < std::min(by_hash_.size(), at + kFoldCommit); ++i) {
        const Row& row = rows_[by_hash_[i]];
        file_.Bind(write, 1, row.hash);
        file_.Bind(write, 2, row.bucket);
        file_.Step(write);
        sqlite3_reset(write.get());
      }
      file_.Execute("COMMIT");
      file_.Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
    }
    file_.Execute("DELETE FROM outbox");
    file_.Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  }

  const Population population_;
  const std::vector<std::uint32_t> order_;
  SqliteFile file_;
  std::vector<Row> rows_;  // By number.
  std::vector<std::uint32_t> by_hash_;
};

}  // namespace

absl::StatusOr<std::vector<PartCost>> MeasureSqlite(const Rig& rig, std::uint32_t customers) {
  SqliteAlone alone(rig, customers);
  std::vector<PartCost> costs{alone.Lookup(), alone.Append(), alone.Fold()};
  if (!alone.status().ok()) return alone.status();
  for (const PartCost& cost : costs) {
    if (cost.customers != customers) {
      return absl::InternalError(absl::StrCat(cost.name, ": only ", cost.customers, " customers"));
    }
  }
  return costs;
}

}  // namespace peaksync::bench
