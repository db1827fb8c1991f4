"""Points in time, exact to the nanosecond, and durations. Pure."""

from __future__ import annotations

import calendar
import datetime
import re
from typing import Any, NamedTuple, Optional, Union

from peaksync import limits
from peaksync.errors import UsageError

UTC = datetime.timezone.utc
_HOW = "; a time is written 2026-09-07T02:00:00Z (RFC 3339)"
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d*))?(?: ?([Zz]|[+-]\d\d:?(?:\d\d)?))?)?",
    re.ASCII,
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class TimePoint(NamedTuple):
    """Whole seconds since 1970 and nanoseconds, as it travels."""

    seconds: int
    nanos: int = 0


class BadTime(ValueError):
    """What is missing for a point in time. Never repeats the text."""


def parse_time(text: str, zone: Optional[datetime.tzinfo] = None) -> TimePoint:
    """Reads an RFC 3339 time. One without a zone is of `zone`; without that too it is refused."""
    found = _TIME.match(text)
    if found is None:
        raise BadTime("this is not a time" + _HOW)
    if found.group(4) is None:
        rest = text[found.end() :]
        what = "this is not a time" if rest else "this is a date without a time of day and a zone"
        raise BadTime(what + _HOW)
    fraction = found.group(7)
    if fraction is not None and not 1 <= len(fraction) <= 9:
        raise BadTime("the fraction of the second must have 1 to 9 digits" + _HOW)
    if found.end() != len(text):
        raise BadTime("text follows the time" + _HOW)
    try:
        civil = datetime.datetime(*(int(found.group(i)) for i in range(1, 7)))  # type: ignore
    except ValueError:
        raise BadTime("there is no such day or time of day" + _HOW) from None
    nanos = int((fraction or "").ljust(9, "0"))
    if found.group(8) is None:
        return TimePoint(_seconds(_with_zone(civil, zone)), nanos)
    return TimePoint(calendar.timegm(civil.timetuple()) - _offset(found.group(8)), nanos)


def _offset(text: str) -> int:
    """`Z`, `+02:00`, `+0200` or `+02`, as seconds east of Greenwich."""
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59 or text.endswith(":"):
        raise BadTime("the zone can't be read" + _HOW)
    return (3_600 * hours + 60 * minutes) * (-1 if text[0] == "-" else 1)


def from_datetime(value: datetime.datetime, zone: Optional[datetime.tzinfo] = None) -> TimePoint:
    """A datetime, also pandas' Timestamp with its nanoseconds. A naive one is of `zone`."""
    nanos = 1_000 * value.microsecond + int(getattr(value, "nanosecond", 0))
    if value.tzinfo is None:
        # pandas' Timestamp knows not every zone; a plain datetime does.
        value = datetime.datetime(
            *(value.year, value.month, value.day, value.hour, value.minute, value.second),
            fold=value.fold,
        )
        value = _with_zone(value, zone)
    return TimePoint(_seconds(value), nanos)


def _with_zone(naive: datetime.datetime, zone: Optional[datetime.tzinfo]) -> datetime.datetime:
    if zone is None:
        raise BadTime(
            "the time has no zone, so it is not known which moment is meant; say timezone='UTC', "
            "or the zone it is of"
        )
    localize = getattr(zone, "localize", None)  # pytz needs it.
    return localize(naive) if localize is not None else naive.replace(tzinfo=zone)


def _seconds(aware: datetime.datetime) -> int:
    # Not utctimetuple(): pandas' Timestamp can't do it.
    civil = (aware.year, aware.month, aware.day, aware.hour, aware.minute, aware.second)
    offset = aware.utcoffset() or datetime.timedelta(0)
    return calendar.timegm(civil) - int(offset.total_seconds())


def to_datetime(time: TimePoint, zone: datetime.tzinfo = UTC) -> datetime.datetime:
    """The same moment, without what is finer than a microsecond."""
    at = datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=time.seconds)
    return at.replace(microsecond=time.nanos // 1_000).astimezone(zone)


def format_time(time: TimePoint) -> str:
    """`2026-09-07T02:00:00Z`, with a fraction only where there is one."""
    civil = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=time.seconds)
    fraction = f".{time.nanos:09}".rstrip("0") if time.nanos else ""
    return f"{civil.isoformat(timespec='seconds')}{fraction}Z"


def message_time(message: Any, name: str) -> Optional[TimePoint]:
    """A Timestamp field of a message; None when it is absent."""
    if not message.HasField(name):
        return None
    time = getattr(message, name)
    return TimePoint(time.seconds, time.nanos)


def parse_zone(zone: Union[str, datetime.tzinfo, None]) -> Optional[datetime.tzinfo]:
    """`UTC`, `+02:00` or a name such as `Europe/London` as a tzinfo."""
    if zone is None or isinstance(zone, datetime.tzinfo):
        return zone
    if zone.upper() in ("UTC", "Z"):
        return UTC
    if re.fullmatch(r"[+-]\d\d:\d\d", zone):
        return datetime.timezone(datetime.timedelta(seconds=_offset(zone)))
    return _named_zone(zone)


def _named_zone(name: str) -> datetime.tzinfo:
    """A zone by its name. Python 3.8 has none of its own, but pandas brings dateutil."""
    found: Optional[datetime.tzinfo] = None
    try:
        import zoneinfo
    except ImportError:
        try:
            from dateutil import tz
        except ImportError:
            raise UsageError(
                f"timezone: this Python knows no zone {name}; install python-dateutil, or give a "
                "tzinfo object"
            ) from None
        # Not a path: dateutil reads any file.
        found = tz.gettz(name) if re.fullmatch(r"\w+(/[\w+-]+)*", name) else None
    else:
        try:
            found = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass
    if found is None:
        raise UsageError(
            f"timezone: there is no zone {name!r}; write UTC, +02:00 or a name such as "
            "Europe/London"
        )
    return found


def parse_duration(value: Union[float, str, datetime.timedelta], argument: str) -> float:
    """Seconds, of seconds, a timedelta, or text: `200ms`, `30s`, `5m`, `1h30m`, `90d`."""
    seconds = -1.0
    if isinstance(value, datetime.timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h|d))+", value, re.ASCII):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 <= seconds <= limits.DURATION_MAX:
        raise UsageError(
            f"{argument}: a duration is written 200ms, 30s, 5m, 1h or 90d, or given in seconds, "
            "and is at most ten years"
        )
    return seconds


def duration_text(seconds: float) -> str:
    """For people: `340 ms`, `12.3 s`, `4 min 07 s`, `2 h 05 min`."""
    if seconds < 1:
        return f"{int(1_000 * seconds)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3_600} h {whole // 60 % 60:02} min"
