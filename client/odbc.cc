#include "client/odbc.h"

#include <sql.h>
#include <sqlext.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "client/limits.h"
#include "client/odbc_types.h"
#include "client/status_macros.h"
#include "client/text.h"
#include "client/utf16.h"
#include "client/utf8.h"

namespace peaksync::client {
namespace {

static_assert(sizeof(SQLWCHAR) == sizeof(char16_t));

bool Succeeded(SQLRETURN result) { return SQL_SUCCEEDED(result); }
SQLWCHAR* Wide(std::u16string& text) { return reinterpret_cast<SQLWCHAR*>(text.data()); }

// An ODBC handle that frees itself.
class Handle {
 public:
  Handle() = default;
  ~Handle() {
    if (handle_ != SQL_NULL_HANDLE) SQLFreeHandle(type_, handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  bool Allocate(SQLSMALLINT type, SQLHANDLE parent) {
    type_ = type;
    return Succeeded(SQLAllocHandle(type, parent, &handle_));
  }
  SQLHANDLE get() const { return handle_; }
  SQLSMALLINT type() const { return type_; }

 private:
  SQLSMALLINT type_ = 0;
  SQLHANDLE handle_ = SQL_NULL_HANDLE;
};

// The first diagnostic of a handle.
struct Diagnostic {
  std::string state;
  std::string words;
};

Diagnostic ReadDiagnostic(const Handle& handle) {
  std::array<SQLWCHAR, 6> state{};
  std::array<SQLWCHAR, 1024> words{};
  SQLINTEGER native = 0;
  SQLSMALLINT length = 0;
  Diagnostic diagnostic;
  if (!Succeeded(SQLGetDiagRecW(handle.type(), handle.get(), 1, state.data(), &native, words.data(),
                                static_cast<SQLSMALLINT>(words.size()), &length))) {
    return diagnostic;
  }
  const auto text = [](const SQLWCHAR* data, std::size_t size_max) {
    std::size_t size = 0;
    while (size < size_max && data[size] != 0) ++size;
    std::string out;
    AppendUtf8({reinterpret_cast<const char16_t*>(data), size}, &out);
    return out;
  };
  diagnostic.state = text(state.data(), 5);
  diagnostic.words = absl::StrReplaceAll(text(words.data(), words.size()), {{"\n", " "}});
  return diagnostic;
}

// What an ODBC error means. Its words may show values where a value is at fault, so only those of
// classes that name objects are passed on; and never the password.
absl::Status Error(const DatabaseSettings& settings, const Handle& handle, bool connecting) {
  Diagnostic diagnostic = ReadDiagnostic(handle);
  if (!settings.password.empty()) {
    diagnostic.words = absl::StrReplaceAll(diagnostic.words, {{settings.password, "***"}});
  }
  const std::string& state = diagnostic.state;
  const std::string kind = state.substr(0, 2);
  const std::string text = Cat(connecting ? "can't connect to database " : "database ",
                               settings.name, ": ", diagnostic.words, " (SQLSTATE ", state, ")");
  const bool refused =
      kind == "28" || diagnostic.words.find("authentication failed") != std::string::npos;
  if (refused) {
    return absl::PermissionDeniedError(Cat(text, ". Check user and password"));
  }
  if (state == "IM002" || state == "IM003" || state == "01000" || state == "IM004") {
    return Invalid(text,
                   ". Check DSN or Driver in the connection string, and that the driver is "
                   "installed (odbcinst -q -d)");
  }
  if (state == "42501") {
    return absl::PermissionDeniedError(Cat(text, ". Give its user the right to read"));
  }
  if (connecting || kind == "08" || state == "HYT00" || state == "HYT01") {
    return absl::UnavailableError(Cat(text, ". Nothing is lost; run this again"));
  }
  if (kind == "42") return Invalid(text, "; check the job's table or query");
  return Invalid("database ", settings.name, ": the query failed with SQLSTATE ", state,
                 "; its words are left out, because they may show a customer's value. Run the "
                 "query in the database to see them");
}

class OdbcDatabase final : public Database {
 public:
  explicit OdbcDatabase(DatabaseSettings settings) : settings_(std::move(settings)) {}
  ~OdbcDatabase() override {
    if (connected_) {
      SQLEndTran(SQL_HANDLE_DBC, connection_.get(), SQL_ROLLBACK);
      SQLDisconnect(connection_.get());
    }
  }
  OdbcDatabase(const OdbcDatabase&) = delete;
  OdbcDatabase& operator=(const OdbcDatabase&) = delete;

  absl::Status Connect();
  SqlStyle style() const override { return style_; }
  absl::StatusOr<std::vector<DbColumn>> Describe(const std::string& select) override;
  absl::StatusOr<std::unique_ptr<TableRows>> Select(const std::string& select) override;

  absl::Status Fail(const Handle& handle) const { return Error(settings_, handle, false); }
  void EndTransaction() { SQLEndTran(SQL_HANDLE_DBC, connection_.get(), SQL_ROLLBACK); }

 private:
  absl::Status Execute(const std::string& sql, Handle* statement);
  std::string Info(SQLUSMALLINT what) const;
  absl::Status SetUpSession();

  const DatabaseSettings settings_;
  Handle environment_;
  Handle connection_;
  bool connected_ = false;
  SqlStyle style_{SqlDialect::kOther, '"'};
};

class OdbcRows final : public TableRows {
 public:
  OdbcRows(OdbcDatabase& database, std::unique_ptr<Handle> statement, int columns)
      : database_(database),
        statement_(std::move(statement)),
        texts_(static_cast<std::size_t>(columns)),
        cells_(static_cast<std::size_t>(columns)),
        buffer_(8'192, u'\0') {}
  ~OdbcRows() override {
    statement_.reset();
    database_.EndTransaction();
  }
  OdbcRows(const OdbcRows&) = delete;
  OdbcRows& operator=(const OdbcRows&) = delete;

  absl::StatusOr<bool> Next(std::span<const Cell>* cells) override;

 private:
  absl::StatusOr<bool> ReadCell(SQLUSMALLINT column, std::string* text);

  OdbcDatabase& database_;
  std::unique_ptr<Handle> statement_;
  std::vector<std::string> texts_;
  std::vector<Cell> cells_;
  std::u16string buffer_;
};

absl::Status OdbcDatabase::Connect() {
  if (!IsUtf8(settings_.connection)) {
    return Invalid("database ", settings_.name, ": the connection string is not UTF-8");
  }
  if (!environment_.Allocate(SQL_HANDLE_ENV, SQL_NULL_HANDLE) ||
      !Succeeded(SQLSetEnvAttr(environment_.get(), SQL_ATTR_ODBC_VERSION,
                               reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3), 0)) ||
      !connection_.Allocate(SQL_HANDLE_DBC, environment_.get())) {
    return absl::ResourceExhaustedError("unixODBC can't be used: no memory");
  }
  SQLSetConnectAttr(
      connection_.get(), SQL_ATTR_LOGIN_TIMEOUT,
      reinterpret_cast<SQLPOINTER>(absl::ToInt64Seconds(limits::kDatabaseConnectTimeout)), 0);
  // Braces keep what would end the value.
  const std::string password =
      settings_.password.empty()
          ? ""
          : Cat(";PWD={", absl::StrReplaceAll(settings_.password, {{"}", "}}"}}), "}");
  std::u16string text = ToUtf16(Cat(settings_.connection, password));
  if (!Succeeded(SQLDriverConnectW(connection_.get(), nullptr, Wide(text),
                                   static_cast<SQLSMALLINT>(text.size()), nullptr, 0, nullptr,
                                   SQL_DRIVER_NOPROMPT))) {
    return Error(settings_, connection_, true);
  }
  connected_ = true;
  return SetUpSession();
}

std::string OdbcDatabase::Info(SQLUSMALLINT what) const {
  std::array<SQLWCHAR, 256> buffer{};
  SQLSMALLINT bytes = 0;
  if (!Succeeded(SQLGetInfoW(connection_.get(), what, buffer.data(), sizeof buffer, &bytes))) {
    return "";
  }
  std::string text;
  AppendUtf8({reinterpret_cast<const char16_t*>(buffer.data()),
              static_cast<std::size_t>(bytes) / sizeof(SQLWCHAR)},
             &text);
  return text;
}

absl::Status OdbcDatabase::SetUpSession() {
  const std::string product = absl::AsciiStrToLower(Info(SQL_DBMS_NAME));
  if (product == "postgresql") style_.dialect = SqlDialect::kPostgresql;
  if (product.find("redshift") != std::string::npos) style_.dialect = SqlDialect::kRedshift;
  if (product == "snowflake") style_.dialect = SqlDialect::kSnowflake;
  if (const std::string quote = Info(SQL_IDENTIFIER_QUOTE_CHAR); !quote.empty()) {
    style_.quote = quote[0];
  }
  std::vector<std::string> first;
  if (style_.dialect == SqlDialect::kPostgresql || style_.dialect == SqlDialect::kRedshift) {
    first = {"SET timezone TO 'UTC'", "SET extra_float_digits TO 2"};
  } else if (style_.dialect == SqlDialect::kSnowflake) {
    first = {"ALTER SESSION SET TIMEZONE = 'UTC'"};
  }
  first.insert(first.end(), settings_.setup.begin(), settings_.setup.end());
  for (const std::string& sql : first) {
    Handle statement;
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(Execute(sql, &statement));
  }
  // Some drivers read piece by piece only inside of a transaction.
  SQLSetConnectAttr(connection_.get(), SQL_ATTR_AUTOCOMMIT,
                    reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), 0);
  return absl::OkStatus();
}

absl::Status OdbcDatabase::Execute(const std::string& sql, Handle* statement) {
  if (!statement->Allocate(SQL_HANDLE_STMT, connection_.get())) {
    return Error(settings_, connection_, false);
  }
  std::u16string text = ToUtf16(sql);
  const SQLRETURN result =
      SQLExecDirectW(statement->get(), Wide(text), static_cast<SQLINTEGER>(text.size()));
  if (Succeeded(result) || result == SQL_NO_DATA) return absl::OkStatus();
  return Fail(*statement);
}

absl::StatusOr<std::vector<DbColumn>> OdbcDatabase::Describe(const std::string& select) {
  Handle statement;
  const absl::Status status = Execute(select, &statement);
  std::vector<DbColumn> columns;
  SQLSMALLINT count = 0;
  if (status.ok()) SQLNumResultCols(statement.get(), &count);
  for (SQLUSMALLINT i = 1; i <= static_cast<SQLUSMALLINT>(count); ++i) {
    std::array<SQLWCHAR, 512> name{};
    std::array<SQLWCHAR, 128> type_name{};
    SQLSMALLINT name_size = 0;
    SQLSMALLINT type = 0;
    SQLULEN size = 0;
    SQLSMALLINT digits = 0;
    SQLSMALLINT nullable = 0;
    SQLSMALLINT type_bytes = 0;
    SQLDescribeColW(statement.get(), i, name.data(), static_cast<SQLSMALLINT>(name.size()),
                    &name_size, &type, &size, &digits, &nullable);
    SQLColAttributeW(statement.get(), i, SQL_DESC_TYPE_NAME, type_name.data(), sizeof type_name,
                     &type_bytes, nullptr);
    DbColumn& column = columns.emplace_back();
    AppendUtf8(
        {reinterpret_cast<const char16_t*>(name.data()), static_cast<std::size_t>(name_size)},
        &column.name);
    AppendUtf8({reinterpret_cast<const char16_t*>(type_name.data()),
                static_cast<std::size_t>(type_bytes) / sizeof(SQLWCHAR)},
               &column.type_name);
    column.type_name = absl::AsciiStrToLower(column.type_name);
    column.type = OdbcTypeOf(type, column.type_name);
    if (column.type == DbType::kDecimal) {
      column.precision = static_cast<int>(size);
      column.scale = digits;
    }
    column.read_as = OdbcReadAs(style_.dialect, type, column);
  }
  EndTransaction();
  if (!status.ok()) return status;
  return columns;
}

absl::StatusOr<std::unique_ptr<TableRows>> OdbcDatabase::Select(const std::string& select) {
  auto statement = std::make_unique<Handle>();
  if (const absl::Status status = Execute(select, statement.get()); !status.ok()) {
    EndTransaction();
    return status;
  }
  SQLSMALLINT count = 0;
  SQLNumResultCols(statement->get(), &count);
  return std::make_unique<OdbcRows>(*this, std::move(statement), count);
}

// False: NULL. The driver gives long cells in pieces.
absl::StatusOr<bool> OdbcRows::ReadCell(SQLUSMALLINT column, std::string* text) {
  text->clear();
  std::u16string long_text;
  for (;;) {
    SQLLEN bytes = 0;
    const SQLRETURN result =
        SQLGetData(statement_->get(), column, SQL_C_WCHAR, buffer_.data(),
                   static_cast<SQLLEN>(buffer_.size() * sizeof(char16_t)), &bytes);
    if (result == SQL_NO_DATA) break;
    if (!Succeeded(result)) return database_.Fail(*statement_);
    if (bytes == SQL_NULL_DATA) return false;
    const std::size_t room = buffer_.size() - 1;  // The last one is a zero.
    const bool is_cut =
        bytes == SQL_NO_TOTAL || static_cast<std::size_t>(bytes) / sizeof(char16_t) > room;
    const std::size_t units = is_cut ? room : static_cast<std::size_t>(bytes) / sizeof(char16_t);
    if (!is_cut && long_text.empty()) {
      AppendUtf8({buffer_.data(), units}, text);
      return true;
    }
    long_text.append(buffer_, 0, units);
    if (long_text.size() > limits::kRowBytesMax) {
      return Invalid("a cell is longer than ", limits::kRowBytesMax, " characters; leave it out");
    }
    if (!is_cut) break;
  }
  AppendUtf8(long_text, text);
  return true;
}

absl::StatusOr<bool> OdbcRows::Next(std::span<const Cell>* cells) {
  const SQLRETURN result = SQLFetch(statement_->get());
  if (result == SQL_NO_DATA) return false;
  if (!Succeeded(result)) return database_.Fail(*statement_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool found,
                                     ReadCell(static_cast<SQLUSMALLINT>(i + 1), &texts_[i]));
    cells_[i] = found ? Cell(texts_[i]) : std::nullopt;
  }
  *cells = cells_;
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenOdbc(const DatabaseSettings& settings) {
  auto database = std::make_unique<OdbcDatabase>(settings);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(database->Connect());
  return database;
}

}  // namespace peaksync::client
