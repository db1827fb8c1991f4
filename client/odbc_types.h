#pragma once

#include <string>

#include "client/database.h"

// What ODBC's types are. Pure.
namespace peaksync::client {

// Of SQL_… and the database's own name for the type, in lower case.
DbType OdbcTypeOf(int type, const std::string& name);

// See DbColumn::read_as. Snowflake's driver gives times in the form that the session has, so they
// are asked for as text; PostgreSQL's writes a uuid in upper case, and the padding of char.
std::string OdbcReadAs(SqlDialect dialect, int type, const DbColumn& column);

}  // namespace peaksync::client
