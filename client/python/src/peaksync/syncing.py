"""Selects from a database what changed since the last successful sync."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

from peaksync import limits, selection
from peaksync._proto import sync_service_pb2
from peaksync.channel import Channel
from peaksync.errors import NotFinishedError, PeakSyncError, UsageError, error_of, usage
from peaksync.result import PushResult, Selection
from peaksync.rows import Row, RowMaker
from peaksync.times import TimePoint, message_time

_log = logging.getLogger("peaksync")
_SERVER_SIDE = ("psycopg2", "psycopg")  # An unnamed cursor of theirs fetches everything at once.
# What a query's own `:since` stands for when everything is selected.
BEGINNING = TimePoint(-62_135_596_800 + 86_400)  # The year 1, and a day for zones.
_USAGE_ERRORS = {"ProgrammingError", "NotSupportedError", "DataError"}


class Driver(NamedTuple):
    """What has to be known of a DB-API module."""

    paramstyle: str
    module: str
    error: Any  # Its class of errors; () where it has none.

    @property
    def has_text_times(self) -> bool:
        return self.module == "sqlite3"


def driver_of(connection: Any, paramstyle: Optional[str]) -> Driver:
    try:
        style, module = selection.paramstyle_of(connection, sys.modules)
    except UsageError:
        if paramstyle is None:
            raise
        style, module = paramstyle, type(connection).__module__
    error = getattr(sys.modules.get(module), "Error", ())
    return Driver(paramstyle or style, module, error)


def check_tenant(channel: Channel) -> None:
    """That the token is that of the tenant that is meant, before anything is done with it."""
    meant = channel.service.tenant
    if not meant:
        return
    request = sync_service_pb2.ListSourcesRequest(page_size=1)
    tenant = channel.call("ListSources", request).tenant
    if tenant not in ("", meant):  # Empty: an older service, which says so when the run starts.
        raise error_of(
            "PERMISSION_DENIED",
            f"tenant {meant} is meant, but the token is that of tenant {tenant}: give the token of "
            f"{meant}, or correct tenant (PEAKSYNC_TENANT)",
        )


def last_cursor(channel: Channel, source: str) -> Optional[TimePoint]:
    """The source's cursor; None before its first successful sync."""
    request = sync_service_pb2.GetLastSyncRequest(source=source)
    try:
        return message_time(channel.call("GetLastSync", request), "cursor")
    except UsageError as error:
        if error.code != "NOT_FOUND":
            raise
    # No run has completed; a person may have set a cursor all the same.
    listing = sync_service_pb2.ListSourcesRequest(page_size=limits.PAGE_SIZE)
    for page in channel.pages("ListSources", listing):
        for found in page.sources:
            if found.name == source:
                return message_time(found, "cursor")
    return None


def _reading_failed(what: str, error: Exception, driver: Driver) -> PeakSyncError:
    """A database's error by whether the same again may end another way."""
    kind = type(error).__name__
    kinds = {base.__name__ for base in type(error).__mro__}
    text = " ".join(str(error).split())
    message = f"{what}: {kind}: {text}"
    # SQLite calls a wrong statement an OperationalError.
    wrong = driver.module == "sqlite3" and "locked" not in text and what.startswith("the query")
    if kinds & _USAGE_ERRORS or ("OperationalError" in kinds and wrong):
        return UsageError(message)
    return NotFinishedError(message + ". Run it again")


def _execute(cursor: Any, statement: selection.Statement) -> None:
    if statement.parameters is None:
        cursor.execute(statement.sql)
    else:
        cursor.execute(statement.sql, statement.parameters)


class Reader:
    """Runs statements on a connection and makes rows of what they give."""

    def __init__(
        self,
        connection: Any,
        driver: Driver,
        maker: RowMaker,
        column_case: Optional[str],
        cursor: Optional[Callable[[Any], Any]],
    ) -> None:
        self._connection, self._driver, self._maker = connection, driver, maker
        self._column_case, self._make_cursor = column_case, cursor

    def count(self, statement: selection.Statement) -> int:
        """How many rows the statement gives."""
        what = "the query to count rows failed"
        with self._reading(self._connection.cursor, lambda: what) as cursor:
            _execute(cursor, selection.counting(statement))
            return int(cursor.fetchone()[0])

    def rows(self, statement: selection.Statement) -> Iterator[Row]:
        """The rows, in constant memory where the driver lets us. Nothing runs before the first."""
        line = 0
        names: Optional[Tuple[str, ...]] = None
        with self._reading(
            self._cursor, lambda: "reading rows failed" if names else "the query failed"
        ) as cursor:
            _execute(cursor, statement)
            while True:
                part = cursor.fetchmany(limits.FETCH_ROWS)
                if names is None:  # A named cursor of psycopg2 knows its columns only now.
                    names = self._names(cursor)
                if not part:
                    return
                for cells in part:
                    line += 1
                    yield self._maker.make(line, names, cells)

    @contextlib.contextmanager
    def _reading(self, make: Callable[[], Any], what: Callable[[], str]) -> Iterator[Any]:
        """A cursor that is closed at the end. The database's errors become ours."""
        cursor = None
        try:
            cursor = make()
            yield cursor
        except self._driver.error as error:
            raise _reading_failed(what(), error, self._driver) from error
        finally:
            if cursor is not None:
                try:
                    cursor.close()
                except self._driver.error:
                    pass  # Of a lost connection, which was told above.

    def _cursor(self) -> Any:
        if self._make_cursor is not None:
            return self._make_cursor(self._connection)
        if self._driver.module in _SERVER_SIDE:
            return self._connection.cursor(
                name="peaksync", withhold=bool(getattr(self._connection, "autocommit", False))
            )
        return self._connection.cursor()

    def _names(self, cursor: Any) -> Tuple[str, ...]:
        if cursor.description is None:
            usage("query", "it gives no rows; write a SELECT")
        names: List[str] = [column[0] for column in cursor.description]
        if self._column_case == "lower":
            names = [name.lower() for name in names]
        self._maker.check_columns(names, "the query")
        return tuple(names)


def statement_for(
    query: str,
    column: str,
    since: Optional[TimePoint],
    driver: Driver,
    zone: Any,
    reader: Reader,
    chosen: Selection,
) -> selection.Statement:
    """The statement to run. Before everything is selected it counts, and says how much that is."""
    own = selection.has_since(query)
    if since is not None or own:
        value = selection.since_value(since or BEGINNING, zone, driver.has_text_times)
        statement = selection.bind(selection.changed_rows(query, column), value, driver.paramstyle)
        if since is not None:
            return statement
    else:
        statement = selection.Statement(selection.select_text(query), None)
    chosen.rows_expected = reader.count(statement)
    _log.warning("selecting everything: %s rows", f"{chosen.rows_expected:,}")
    return statement


def tell(result: PushResult) -> PushResult:
    """Says what of the selection somebody should know."""
    chosen = result.selection
    if chosen is not None and chosen.in_future:
        _log.warning(
            "%s rows have a time in the future; the cursor does not follow them. Check the clock "
            "of whoever wrote them",
            f"{chosen.in_future:,}",
        )
    return result
