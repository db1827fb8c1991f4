"""Checks arguments and puts them together; shared by the functions and the command line."""

from __future__ import annotations

import datetime
import re
import socket
import time
from typing import Optional, Sequence, Tuple, Union

from peaksync import limits
from peaksync.errors import usage
from peaksync.pusher import PushSettings
from peaksync.rows import RowRules
from peaksync.times import BadTime, TimePoint, from_datetime, parse_duration, parse_time
from peaksync.version import __version__

Time = Union[str, datetime.datetime]
Duration = Union[float, str, datetime.timedelta]


def settings_of(
    source: str,
    rules: RowRules,
    batch_size: int,
    wait: bool,
    on_rejections: str,
    timeouts: Sequence[Duration],
) -> PushSettings:
    """`timeouts`: timeout, pause_timeout, connect_timeout."""
    check_source(source)
    if not 1 <= batch_size <= limits.BATCH_UPDATES_MAX:
        usage("batch_size", f"1 to {limits.BATCH_UPDATES_MAX:,} updates")
    if on_rejections not in ("raise", "allow"):
        usage("on_rejections", f"{on_rejections!r} is neither raise nor allow")
    names = ("timeout", "pause_timeout", "connect_timeout")
    seconds = [parse_duration(value, name) for value, name in zip(timeouts, names)]
    return PushSettings(
        source=source,
        id_column=rules.id,
        time_column=rules.updated_at,
        client_name=f"peaksync-python {__version__} on {socket.gethostname()}"[:128],
        batch_size=batch_size,
        wait=wait,
        allow_rejections=on_rejections == "allow",
        timeout=seconds[0],
        pause_timeout=seconds[1],
        connect_timeout=seconds[2],
    )


def check_source(source: str) -> None:
    if not isinstance(source, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", source):
        usage(
            "source",
            "a source's name has 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins with a letter "
            "or a digit",
        )


def now() -> TimePoint:
    nanos = time.time_ns()
    return TimePoint(nanos // 10**9, nanos % 10**9)


def time_argument(value: Time, argument: str) -> TimePoint:
    try:
        if isinstance(value, datetime.datetime):
            return from_datetime(value)
        return parse_time(value)
    except (BadTime, TypeError) as error:
        usage(argument, str(error))


def time_of_rows(
    updated_at: Optional[Time], column: Optional[str]
) -> Tuple[Optional[str], Optional[TimePoint]]:
    """(the column of the times, the time of all rows)."""
    if updated_at is None:
        return column, None
    if updated_at == "now":
        return None, None
    is_text = isinstance(updated_at, str)
    if is_text and not re.match(r"\d{4}-", str(updated_at)):
        if column is not None and column != updated_at:
            usage("updated_at_column", "two columns are named; which one has the times?")
        return str(updated_at), None
    return None, time_argument(updated_at, "updated_at")


def left_out(used: Optional[str], column: Optional[str]) -> Tuple[str, ...]:
    return (column,) if column is not None and used is None else ()
