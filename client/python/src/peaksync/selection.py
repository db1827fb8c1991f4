"""What sync() selects, and how far the cursor moves. Pure: time comes as an argument."""

from __future__ import annotations

import datetime
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from peaksync.errors import usage
from peaksync.times import UTC, TimePoint, to_datetime

# Texts, quoted names and comments are left alone; so is PostgreSQL's `::since`.
_SINCE = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|(?<![:\w]):since\b", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*){0,3}")
# Around a query stand line ends: its last line may be a comment.
_ALIAS = "peaksync_rows"
_STEP = datetime.timedelta(minutes=15)  # Zones change their clocks at quarters of an hour.
_LONGEST_REPEAT = 12  # Quarters: no zone puts its clock back by more than three hours.

Parameters = Union[None, List[Any], Dict[str, Any]]


class NewestTime:
    """The newest time of the rows that is not in the future: where the next selection starts.

    `limit`: what is newer counts as in the future; None: nothing does. `floor`: a cursor that is
    there already.
    """

    def __init__(
        self, limit: Optional[TimePoint] = None, floor: Optional[TimePoint] = None
    ) -> None:
        self._limit, self._newest = limit, floor
        self.in_future = 0
        self.newest_in_future: Optional[TimePoint] = None

    def add(self, time: TimePoint) -> None:
        if self._limit is not None and time > self._limit:
            self.in_future += 1
            if self.newest_in_future is None or time > self.newest_in_future:
                self.newest_in_future = time
        elif self._newest is None or time > self._newest:
            self._newest = time

    def cursor(self) -> Optional[TimePoint]:
        return self._newest


class Start(NamedTuple):
    """From where a selection starts. `since` None: everything is selected."""

    since: Optional[TimePoint]
    from_cursor: Optional[TimePoint]


def choose_start(
    cursor: Optional[TimePoint], since: Optional[TimePoint], full: bool, lookback: float
) -> Start:
    """`cursor` is the source's, `since` what a person gave, `lookback` seconds.

    The run's from_cursor says up to where everything before is known to be there, so that the
    cursor never jumps over a gap.
    """
    if full:
        return Start(None, None)
    if since is not None:
        return Start(since, since)
    if cursor is None:
        return Start(None, None)
    whole = cursor.seconds - int(lookback)
    return Start(TimePoint(whole, cursor.nanos), cursor)


class Statement(NamedTuple):
    sql: str
    parameters: Parameters


def select_text(query: str) -> str:
    """The query, or the query that a table's name stands for."""
    text = query.strip().rstrip(";").rstrip()
    if not text:
        usage("query", "give a SELECT statement or the name of a table")
    return f"SELECT * FROM {text}" if _NAME.fullmatch(text) else text


def has_since(query: str) -> bool:
    return any(found.group() == ":since" for found in _SINCE.finditer(query))


def counting(statement: "Statement") -> "Statement":
    """The statement that counts the rows of another one."""
    return Statement(f"SELECT count(*) FROM (\n{statement.sql}\n) {_ALIAS}", statement.parameters)


def changed_rows(query: str, column: str) -> str:
    """The query with the condition on the time, unless it has its own `:since`."""
    text = select_text(query)
    if has_since(text):
        return text
    if not re.fullmatch(r"[A-Za-z_][\w$]*", column):
        column = '"' + column.replace('"', '""') + '"'
    return f"SELECT * FROM (\n{text}\n) {_ALIAS} WHERE {column} >= :since"


def bind(sql: str, value: Any, paramstyle: str) -> Statement:
    """`:since` in the way of the driver (PEP 249). A `%` stays a `%`."""
    count = 0
    marks = {"qmark": "?", "numeric": ":1", "named": ":since", "format": "%s"}
    mark = marks.get(paramstyle, "%(since)s")
    escapes = paramstyle in ("format", "pyformat")
    parts, end = [], 0

    def plain(text: str) -> str:
        return text.replace("%", "%%") if escapes else text

    for found in _SINCE.finditer(sql):
        parts.append(plain(sql[end : found.start()]))
        is_mark = found.group() == ":since"
        parts.append(mark if is_mark else plain(found.group()))
        count += is_mark
        end = found.end()
    parts.append(plain(sql[end:]))
    text = "".join(parts)
    if count == 0:
        return Statement(sql, None)
    if paramstyle in ("named", "pyformat"):
        return Statement(text, {"since": value})
    return Statement(text, [value] * (1 if paramstyle == "numeric" else count))


def since_value(
    since: TimePoint, zone: Optional[datetime.tzinfo], as_text: bool
) -> Union[str, datetime.datetime]:
    """What `:since` stands for: never later than `since`, however the database compares.

    With a zone the columns are taken to be without one, so it is a naive time of that zone: the
    earliest that clocks show from then on, because they may be put back. `as_text` is for SQLite,
    where times are text: with a blank, which sorts before the `T`.
    """
    if as_text:
        naive = _earliest_wall_time(since, zone or UTC)
        return naive.replace(microsecond=0).isoformat(" ")
    return to_datetime(since) if zone is None else _earliest_wall_time(since, zone)


def _earliest_wall_time(since: TimePoint, zone: datetime.tzinfo) -> datetime.datetime:
    moment = to_datetime(since)
    first = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + _STEP
    moments = [moment] + [first + _STEP * i for i in range(_LONGEST_REPEAT)]
    return min(at.astimezone(zone).replace(tzinfo=None) for at in moments)


def paramstyle_of(connection: Any, modules: Dict[str, Any]) -> Tuple[str, str]:
    """(paramstyle, module) of the driver that made a connection; `modules` is sys.modules."""
    name = type(connection).__module__
    while name:
        style = getattr(modules.get(name), "paramstyle", None)
        if isinstance(style, str):
            return style, name
        name = name.rpartition(".")[0]
    usage(
        "connection",
        f"{type(connection).__name__} is of no module that says its paramstyle (PEP 249); give "
        "paramstyle=",
    )
