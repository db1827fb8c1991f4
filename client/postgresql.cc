#include "client/postgresql.h"

#include <libpq-fe.h>

#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

struct Freer {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Result = std::unique_ptr<PGresult, Freer>;

// The numbers of PostgreSQL's own types, which never change.
struct KnownType {
  Oid oid;
  DbType type;
  std::string_view name;
};
constexpr auto kKnownTypes = std::to_array<KnownType>({
    {16, DbType::kBool, "boolean"},
    {20, DbType::kInteger, "bigint"},
    {21, DbType::kInteger, "smallint"},
    {23, DbType::kInteger, "integer"},
    {700, DbType::kDouble, "real"},
    {701, DbType::kDouble, "double precision"},
    {1700, DbType::kDecimal, "numeric"},
    {25, DbType::kText, "text"},
    {1043, DbType::kText, "varchar"},
    {1042, DbType::kText, "char"},
    {19, DbType::kText, "name"},
    {2950, DbType::kText, "uuid"},
    {1082, DbType::kDate, "date"},
    {1114, DbType::kTime, "timestamp without time zone"},
    {114, DbType::kJson, "json"},
    {1184, DbType::kMoment, "timestamp with time zone"},
    {3802, DbType::kJson, "jsonb"},
    {4000, DbType::kJson, "super"},  // Redshift's.
});
constexpr Oid kPaddedText = 1042;
constexpr Oid kUnknownText = 705;  // A literal without a type.

// The words of libpq on one line, without its own prefix.
std::string OneLine(const char* text) {
  std::string line = absl::StrReplaceAll(text == nullptr ? "" : text, {{"\n", " "}, {"\t", " "}});
  line.erase(line.find_last_not_of(' ') + 1);
  return std::string(absl::StripPrefix(line, "ERROR:  "));
}

std::string NameText(const DatabaseSettings& settings) { return Cat("database ", settings.name); }

// What a refused command means. Its words may show values of rows when a value is at fault (classes
// 21 to 23 of SQLSTATE, and more), so only those of classes that name objects are passed on.
absl::Status CommandError(const DatabaseSettings& settings, PGconn* connection,
                          const PGresult* result) {
  const std::string name = NameText(settings);
  if (PQstatus(connection) != CONNECTION_OK) {
    return absl::UnavailableError(Cat(name, ": the connection is gone (",
                                      OneLine(PQerrorMessage(connection)),
                                      "). Nothing is lost; run this again"));
  }
  const char* const field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "none" : field;
  const std::string words = OneLine(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  if (state == "42501") {
    return absl::PermissionDeniedError(
        Cat(name, ": ", words, ". Give its user the right to read (GRANT SELECT)"));
  }
  const std::string kind = state.substr(0, 2);
  if (kind == "42" || kind == "3F" || kind == "3D" || kind == "0A") {
    return Invalid(name, ": ", words, " (SQLSTATE ", state, "); check the job's table or query");
  }
  if (kind == "08" || kind == "40" || kind == "53" || kind == "55" || kind == "57") {
    return absl::UnavailableError(
        Cat(name, ": ", words, " (SQLSTATE ", state, "). Nothing is lost; run this again"));
  }
  return Invalid(name, ": the query failed with SQLSTATE ", state,
                 "; its words are left out, because they may show a customer's value. Run the "
                 "query in the database to see them");
}

class PostgresqlDatabase;

class PostgresqlRows final : public TableRows {
 public:
  explicit PostgresqlRows(PostgresqlDatabase& database) : database_(database) {}
  ~PostgresqlRows() override;
  PostgresqlRows(const PostgresqlRows&) = delete;
  PostgresqlRows& operator=(const PostgresqlRows&) = delete;

  absl::StatusOr<bool> Next(std::span<const Cell>* cells) override;

 private:
  PostgresqlDatabase& database_;
  Result chunk_;
  int row_ = 0;
  bool at_end_ = false;
  std::vector<Cell> cells_;
};

class PostgresqlDatabase final : public Database {
 public:
  explicit PostgresqlDatabase(DatabaseSettings settings) : settings_(std::move(settings)) {}

  absl::Status Connect();
  SqlStyle style() const override {
    return {redshift_ ? SqlDialect::kRedshift : SqlDialect::kPostgresql, '"'};
  }
  absl::StatusOr<std::vector<DbColumn>> Describe(const std::string& select) override;
  absl::StatusOr<std::unique_ptr<TableRows>> Select(const std::string& select) override;

  // Runs a command; anything but success is an error.
  absl::StatusOr<Result> Run(const std::string& sql);

 private:
  absl::Status CheckConnectionString();
  absl::Status ConnectError() const;
  // Types that are not PostgreSQL's own: enums, domains, arrays, rows.
  absl::Status LookUpTypes(const std::vector<Oid>& oids, std::vector<DbColumn>* columns);

  const DatabaseSettings settings_;
  std::unique_ptr<PGconn, Freer> connection_;
  bool redshift_ = false;
};

absl::Status PostgresqlDatabase::CheckConnectionString() {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, Freer> options(
      PQconninfoParse(settings_.connection.c_str(), &problem));
  PQfreemem(problem);  // It may repeat the password.
  if (options != nullptr) return absl::OkStatus();
  return Invalid(NameText(settings_),
                 ": the connection string can't be read; write `host=... dbname=... user=...` or "
                 "postgresql://user@host/dbname");
}

absl::Status PostgresqlDatabase::ConnectError() const {
  const std::string words = OneLine(PQerrorMessage(connection_.get()));
  const std::string text = Cat("can't connect to ", NameText(settings_), ": ", words);
  const bool refused = words.find("authentication failed") != std::string::npos ||
                       words.find("no password supplied") != std::string::npos ||
                       words.find("pg_hba.conf") != std::string::npos ||
                       words.find("permission denied for database") != std::string::npos;
  if (refused) {
    return absl::PermissionDeniedError(Cat(text, ". Check user and password_file or password_env"));
  }
  const bool unknown = (words.find("database \"") != std::string::npos ||
                        words.find("role \"") != std::string::npos) &&
                       words.find("does not exist") != std::string::npos;
  if (unknown) return Invalid(text, ". Check the connection string");
  return absl::UnavailableError(Cat(text, ". Check that it runs and can be reached from here"));
}

absl::Status PostgresqlDatabase::Connect() {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckConnectionString());
  // What stands later wins: the connection string over our defaults, the password over it.
  const std::string timeout = Cat(absl::ToInt64Seconds(limits::kDatabaseConnectTimeout));
  std::vector<const char*> names = {"connect_timeout",           "keepalives_idle",
                                    "keepalives_interval",       "keepalives_count",
                                    "fallback_application_name", "dbname"};
  std::vector<const char*> values = {
      timeout.c_str(), "30", "10", "3", "peaksync", settings_.connection.c_str()};
  if (!settings_.password.empty()) {
    names.push_back("password");
    values.push_back(settings_.password.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1));
  if (PQstatus(connection_.get()) != CONNECTION_OK) return ConnectError();
  // Notices may show values.
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  // Redshift answers as PostgreSQL 8.0.2.
  redshift_ =
      settings_.kind == DatabaseKind::kRedshift || PQserverVersion(connection_.get()) < 80100;
  if (PQsetClientEncoding(connection_.get(), "UTF8") != 0) {
    return Invalid(NameText(settings_), ": it can't give text as UTF-8");
  }
  for (const char* sql : {"SET datestyle TO ISO", "SET timezone TO 'UTC'",
                          "SET extra_float_digits TO 2"}) {  // Doubles come back exact.
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Run(sql).status());
  }
  for (const std::string& sql : settings_.setup) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Run(sql).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<Result> PostgresqlDatabase::Run(const std::string& sql) {
  Result result(PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return CommandError(settings_, connection_.get(), result.get());
}

absl::StatusOr<std::vector<DbColumn>> PostgresqlDatabase::Describe(const std::string& select) {
  Result prepared(PQprepare(connection_.get(), "", select.c_str(), 0, nullptr));
  if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
    return CommandError(settings_, connection_.get(), prepared.get());
  }
  Result described(PQdescribePrepared(connection_.get(), ""));
  if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) {
    return CommandError(settings_, connection_.get(), described.get());
  }
  std::vector<DbColumn> columns;
  std::vector<Oid> oids;
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    DbColumn& column = columns.emplace_back();
    column.name = PQfname(described.get(), i);
    const Oid oid = PQftype(described.get(), i);
    oids.push_back(oid);
    for (const KnownType& known : kKnownTypes) {
      if (known.oid != oid) continue;
      column.type = known.type;
      column.type_name = known.name;
    }
    if (oid == kUnknownText) column.type = DbType::kText;
    if (oid == kPaddedText) column.read_as = "CAST(% AS text)";
    // The modifier of numeric(p, s), as the server packs it; scale has a sign since 15.
    const int modifier = PQfmod(described.get(), i);
    if (column.type == DbType::kDecimal && modifier >= 4) {
      column.precision = ((modifier - 4) >> 16) & 0xffff;
      column.scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    }
  }
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(LookUpTypes(oids, &columns));
  return columns;
}

absl::Status PostgresqlDatabase::LookUpTypes(const std::vector<Oid>& oids,
                                             std::vector<DbColumn>* columns) {
  std::vector<Oid> missing;
  for (std::size_t i = 0; i < oids.size(); ++i) {
    if ((*columns)[i].type == DbType::kOther) missing.push_back(oids[i]);
  }
  if (missing.empty()) return absl::OkStatus();
  // typtype e: enum, c: row; an array's typelem is its element, and its length is not fixed.
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      const Result found,
      Run(Cat(
          "SELECT oid, typname, typtype, typelem <> 0 AND typlen = -1 FROM pg_type WHERE oid IN "
          "(",
          absl::StrJoin(missing, ","), ")")));
  for (int row = 0; row < PQntuples(found.get()); ++row) {
    Oid oid = 0;
    if (!absl::SimpleAtoi(PQgetvalue(found.get(), row, 0), &oid)) continue;
    const std::string kind = PQgetvalue(found.get(), row, 2);
    const bool is_array = PQgetvalue(found.get(), row, 3)[0] == 't';
    for (std::size_t i = 0; i < oids.size(); ++i) {
      DbColumn& column = (*columns)[i];
      if (oids[i] != oid || column.type != DbType::kOther) continue;
      column.type_name = PQgetvalue(found.get(), row, 1);
      if (kind == "e") column.type = DbType::kText;
      if (kind == "c" || is_array) {
        column.type = DbType::kJson;
        column.read_as = is_array ? "array_to_json(%)" : "row_to_json(%)";
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TableRows>> PostgresqlDatabase::Select(const std::string& select) {
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Run("BEGIN READ ONLY").status());
  auto rows = std::make_unique<PostgresqlRows>(*this);  // Ends the transaction.
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Run(Cat("DECLARE peaksync_rows CURSOR FOR ", select)).status());
  return rows;
}

PostgresqlRows::~PostgresqlRows() { database_.Run("ROLLBACK").IgnoreError(); }

absl::StatusOr<bool> PostgresqlRows::Next(std::span<const Cell>* cells) {
  if (chunk_ == nullptr || row_ == PQntuples(chunk_.get())) {
    if (at_end_) return false;
    chunk_.reset();  // Before the next one comes: constant memory.
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
        chunk_, database_.Run(Cat("FETCH FORWARD ", limits::kFetchRows, " FROM peaksync_rows")));
    row_ = 0;
    at_end_ = PQntuples(chunk_.get()) < limits::kFetchRows;
    if (PQntuples(chunk_.get()) == 0) return false;
  }
  const int count = PQnfields(chunk_.get());
  cells_.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Cell& cell = cells_[static_cast<std::size_t>(i)];
    if (PQgetisnull(chunk_.get(), row_, i) != 0) {
      cell = std::nullopt;
    } else {
      cell = std::string_view(PQgetvalue(chunk_.get(), row_, i),
                              static_cast<std::size_t>(PQgetlength(chunk_.get(), row_, i)));
    }
  }
  ++row_;
  *cells = cells_;
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenPostgresql(const DatabaseSettings& settings) {
  auto database = std::make_unique<PostgresqlDatabase>(settings);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(database->Connect());
  return database;
}

}  // namespace peaksync::client
