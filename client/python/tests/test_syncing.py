"""What sync() does with drivers, played by small ones of the test."""

import sqlite3
import sys
import types

import pytest

from peaksync import syncing
from peaksync.errors import NotFinishedError, UsageError
from peaksync.result import Selection
from peaksync.rows import RowMaker, RowRules
from peaksync.selection import Statement
from peaksync.times import TimePoint

RULES = RowRules(id="id", updated_at="at")
AT = "2026-09-07T02:00:00Z"


class FakeCursor:
    """As psycopg2's named ones: it knows its columns only after the first fetch."""

    description = None

    def __init__(self, connection):
        self.connection, self.left = connection, list(connection.rows)

    def execute(self, *arguments):
        self.connection.executed.append(arguments)
        if self.connection.fails_with:
            raise self.connection.fails_with

    def fetchmany(self, size):
        self.description = [("ID",), ("Score",), ("AT",)]
        self.connection.fetched.append(size)
        part, self.left = self.left[:size], self.left[size:]
        return part

    def close(self):
        self.connection.closed += 1


class FakeConnection:
    autocommit = False

    def __init__(self, rows=(), fails_with=None):
        self.rows, self.fails_with = rows, fails_with
        self.executed, self.fetched, self.cursors, self.closed = [], [], [], 0

    def cursor(self, **options):
        self.cursors.append(options)
        return FakeCursor(self)


@pytest.fixture
def psycopg2(monkeypatch):
    """A module of this name whose connections are FakeConnections."""
    module = types.ModuleType("psycopg2")
    module.paramstyle = "pyformat"
    module.Error = type("Error", (Exception,), {})
    module.OperationalError = type("OperationalError", (module.Error,), {})
    module.ProgrammingError = type("ProgrammingError", (module.Error,), {})
    monkeypatch.setitem(sys.modules, "psycopg2", module)
    monkeypatch.setattr(FakeConnection, "__module__", "psycopg2.extensions")
    return module


def reader_of(connection, **options):
    driver = syncing.driver_of(connection, None)
    maker = RowMaker(RULES)
    return syncing.Reader(
        connection, driver, maker, options.get("case", "lower"), options.get("cursor")
    )


def test_named_cursor_reads_in_constant_memory(psycopg2):
    connection = FakeConnection([(n, 0.5, AT) for n in range(2_500)])
    rows = reader_of(connection).rows(Statement("SELECT", {"since": 1}))
    assert connection.cursors == []  # Nothing runs before the first row.
    first = next(rows)
    assert connection.fetched == [1_000]
    assert first.update.customer.external_id == "0"
    assert [row.line for row in rows] == list(range(2, 2_501))
    assert connection.cursors == [{"name": "peaksync", "withhold": False}]
    assert connection.executed == [("SELECT", {"since": 1})]
    assert (connection.fetched, connection.closed) == ([1_000] * 4, 1)


def test_named_cursor_outlives_transactions_where_there_are_none(psycopg2):
    connection = FakeConnection()
    connection.autocommit = True
    assert list(reader_of(connection).rows(Statement("SELECT", None))) == []
    assert connection.cursors == [{"name": "peaksync", "withhold": True}]
    assert connection.executed == [("SELECT",)]


def test_cursor_of_the_callers_own_is_used(psycopg2):
    connection = FakeConnection([(1, 0.5, AT)])
    reader = reader_of(connection, cursor=lambda made: made.cursor(big=True))
    assert len(list(reader.rows(Statement("SELECT", None)))) == 1
    assert connection.cursors == [{"big": True}]


def test_columns_keep_their_case_unless_asked(psycopg2):
    with pytest.raises(UsageError, match="columns are ID, Score, AT"):
        list(reader_of(FakeConnection(), case=None).rows(Statement("SELECT", None)))


def test_errors_of_the_database_by_whether_trying_again_may_help(psycopg2):
    lost = FakeConnection(fails_with=psycopg2.OperationalError("gone\n away"))
    with pytest.raises(NotFinishedError, match="OperationalError: gone away. Run it again"):
        list(reader_of(lost).rows(Statement("SELECT", None)))
    wrong = FakeConnection(fails_with=psycopg2.ProgrammingError("no such column"))
    with pytest.raises(UsageError, match="the query failed: ProgrammingError"):
        list(reader_of(wrong).rows(Statement("SELECT", None)))
    assert lost.closed == wrong.closed == 1


def test_statement_that_gives_no_rows_is_a_usage_error():
    connection = sqlite3.connect(":memory:")
    with pytest.raises(UsageError, match="write a SELECT"):
        list(reader_of(connection).rows(Statement("CREATE TABLE t (a)", None)))


def statement_of(connection, query, since):
    chosen = Selection("all")
    driver = syncing.driver_of(connection, None)
    reader = reader_of(connection)
    found = syncing.statement_for(query, "at", since, driver, None, reader, chosen)
    return found, chosen.rows_expected


def test_counts_before_everything_is_selected():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id, score, at)")
    connection.executemany("INSERT INTO t VALUES (?, 1, ?)", [(1, AT), (2, None)])
    assert statement_of(connection, "t", None) == (Statement("SELECT * FROM t", None), 2)
    own = "SELECT * FROM t WHERE at >= :since"
    statement, count = statement_of(connection, own, None)
    assert (statement.parameters, count) == (["0001-01-02 00:00:00"], 1)
    statement, count = statement_of(connection, "t", TimePoint(1_788_746_400))
    assert (statement.parameters, count) == (["2026-09-07 02:00:00"], None)
    assert connection.execute(*statement).fetchall() == [(1, 1, AT)]


def test_paramstyle_may_be_given():
    class Connection:
        pass

    with pytest.raises(UsageError, match="paramstyle"):
        syncing.driver_of(Connection(), None)
    assert syncing.driver_of(Connection(), "qmark").paramstyle == "qmark"
