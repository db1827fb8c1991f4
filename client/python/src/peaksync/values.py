"""Python's values, and those of pandas and numpy, as the service's. Neither library is imported.

Each function fills a `Value` message, or raises `Refused` with the reason: never with the value
itself, which belongs to a customer.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import uuid
from typing import Any, Callable, Dict, Optional

from peaksync import limits
from peaksync.errors import UsageError
from peaksync.times import BadTime, TimePoint, from_datetime, parse_time

Zone = Optional[datetime.tzinfo]
Setter = Callable[[Any, Any], None]
TYPES = ("bool", "integer", "double", "number", "string", "timestamp", "json")
UNSET = object()  # A cell that removes its attribute, whatever the rules say of missing ones.
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_NOT_UTF8 = "not valid UTF-8: it holds a lone surrogate"


class Refused(ValueError):
    """Why a value can't be sent."""


class NeedsType(UsageError):
    """A value for which somebody has to choose a type; ends the push."""


def is_missing(cell: Any) -> bool:
    """None, NaN, pandas' NA and NaT, numpy's NaT, and a decimal NaN."""
    if cell is None:
        return True
    kind = type(cell)
    if kind is str or kind is int or kind is bool:
        return False
    if kind is float or isinstance(cell, (float, decimal.Decimal)):
        return bool(cell != cell)
    if kind.__module__.startswith("pandas.") and kind.__name__ in ("NAType", "NaTType"):
        return True
    if kind.__module__ == "numpy" and kind.__name__ != "ndarray":
        return bool(cell != cell)
    return False


def plain(cell: Any) -> Any:
    """A numpy scalar or array as Python's own; other things as they are."""
    kind = type(cell)
    if kind.__module__ != "numpy":
        return cell
    if kind.__name__ == "ndarray":
        return list(cell)
    if kind.__name__ == "datetime64":
        return numpy_time(cell)
    if kind.__name__ in ("timedelta64", "void"):
        raise Refused(_no_value(cell))
    value = cell.item()
    if type(value).__module__ == "numpy":
        raise Refused(_no_value(cell))
    return value


def numpy_time(cell: Any) -> datetime.datetime:
    """numpy.datetime64 as a naive datetime: it never has a zone."""
    nanos = int(cell.astype("datetime64[ns]").astype("int64"))
    if nanos % 1_000:
        raise Refused("a time of numpy that is finer than a microsecond; use pandas.Timestamp")
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=nanos // 1_000)


def time_of(cell: Any, zone: Zone) -> TimePoint:
    """A datetime, Timestamp, numpy.datetime64 or RFC 3339 text as a point in time."""
    cell = plain(cell)
    try:
        if isinstance(cell, str):
            return parse_time(cell, zone)
        if isinstance(cell, datetime.datetime):
            return from_datetime(cell, zone)
    except BadTime as error:
        raise Refused(str(error)) from None
    raise Refused(f"expected a time, found {describe(cell)}")


def describe(cell: Any) -> str:
    """What kind of thing it is, for messages."""
    names = {bool: "true or false", int: "an integer", float: "a float", str: "text"}
    return names.get(type(cell), f"a value of type {type(cell).__name__}")


def _no_value(cell: Any) -> str:
    kind = type(cell).__name__
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return "bytes: Braze has no value for them; decode them to text, or to numbers"
    if isinstance(cell, datetime.timedelta) or kind in ("timedelta64", "Timedelta"):
        return "a duration: make it a number, such as .dt.total_seconds()"
    if isinstance(cell, (set, frozenset)):
        return "a set has no order; make it a sorted list"
    return f"a {kind}: there is no value for it; make it a number, text, a time, a list or a dict"


class Converter:
    """Fills values. `zone` is that of times without one; None refuses those."""

    def __init__(self, zone: Zone = None) -> None:
        self.zone = zone
        self._setters: Dict[type, Callable[[Any, Any, int], None]] = {
            bool: self._bool,
            int: self._int,
            float: self._float,
            str: self._str,
            dict: self._dict,
            list: self._list,
            tuple: self._list,
            decimal.Decimal: self._decimal,
            datetime.datetime: self._time,
            datetime.date: self._date,
            uuid.UUID: self._uuid,
        }

    def set(self, out: Any, cell: Any, depth: int = 0) -> None:
        """Any value. `depth`: how many lists and objects it stands in."""
        setter = self._setters.get(type(cell))
        if setter is None:
            cell = plain(cell)
            setter = self._setters.get(type(cell)) or self._by_base(cell)
        setter(out, cell, depth)

    def _by_base(self, cell: Any) -> Callable[[Any, Any, int], None]:
        for kind in (bool, int, float, str, dict, list, tuple, decimal.Decimal):
            if isinstance(cell, kind):
                return self._setters[kind]
        if isinstance(cell, datetime.datetime):
            return self._time
        if isinstance(cell, datetime.date):
            return self._date
        raise Refused(_no_value(cell))

    def _bool(self, out: Any, cell: Any, _depth: int) -> None:
        out.bool_value = bool(cell)

    def _int(self, out: Any, cell: Any, _depth: int) -> None:
        if not _INT64_MIN <= cell <= _INT64_MAX:
            raise Refused("an integer beyond 64 bits (signed); make it text to keep every digit")
        out.int64_value = int(cell)

    def _float(self, out: Any, cell: Any, _depth: int) -> None:
        if not math.isfinite(cell):
            raise Refused("NaN or an infinity, which Braze has no value for")
        out.double_value = float(cell)

    def _str(self, out: Any, cell: Any, _depth: int) -> None:
        try:
            out.string_value = str.__str__(cell)
        except (UnicodeError, ValueError):
            raise Refused(_NOT_UTF8) from None

    def _decimal(self, out: Any, cell: decimal.Decimal, depth: int) -> None:
        if not cell.is_finite():
            raise Refused("NaN or an infinity, which Braze has no value for")
        if cell.as_tuple().exponent == 0 and _INT64_MIN <= cell <= _INT64_MAX:
            out.int64_value = int(cell)
            return
        number = float(cell)
        if not math.isfinite(number) or decimal.Decimal(repr(number)) != cell:
            raise NeedsType("a decimal with more digits than a double can hold")
        out.double_value = number

    def _time(self, out: Any, cell: datetime.datetime, _depth: int) -> None:
        time = time_of(cell, self.zone)
        out.timestamp_value.seconds, out.timestamp_value.nanos = time

    def _date(self, out: Any, cell: datetime.date, _depth: int) -> None:
        out.string_value = cell.isoformat()

    def _uuid(self, out: Any, cell: uuid.UUID, _depth: int) -> None:
        out.string_value = str(cell)

    def _list(self, out: Any, cell: Any, depth: int) -> None:
        _check_depth(depth)
        out.list_value.SetInParent()
        for element in cell:
            self._inner(out.list_value.values.add(), element, depth + 1)

    def _dict(self, out: Any, cell: Any, depth: int) -> None:
        _check_depth(depth)
        out.object_value.SetInParent()
        for key, element in cell.items():
            if not isinstance(key, str):
                raise Refused(f"an object with {describe(key)} as a key; keys must be text")
            field = out.object_value.fields.add()
            try:
                field.key = key
            except (UnicodeError, ValueError):
                raise Refused(_NOT_UTF8) from None
            self._inner(field.value, element, depth + 1)

    def _inner(self, out: Any, element: Any, depth: int) -> None:
        if is_missing(element):
            raise Refused("a missing value inside a list or an object; Braze would drop it all")
        self.set(out, element, depth)

    def setter(self, type_name: Optional[str]) -> Setter:
        """The function for a column: of its type, or by what each cell is."""
        if type_name is None:
            return self.set
        typed: Dict[str, Setter] = {
            "bool": self._typed_bool,
            "integer": self._typed_integer,
            "double": self._typed_double,
            "number": self._typed_double,
            "string": self._typed_string,
            "timestamp": self._typed_time,
            "json": self._typed_json,
        }
        return typed[type_name]

    def _typed_bool(self, out: Any, cell: Any) -> None:
        cell = plain(cell)
        text = cell.lower() if isinstance(cell, str) else cell
        if text in (True, "true"):
            out.bool_value = True
        elif text in (False, "false"):
            out.bool_value = False
        else:
            raise Refused(f"expected true or false (as types say), found {describe(cell)}")

    def _typed_integer(self, out: Any, cell: Any) -> None:
        cell = plain(cell)
        try:
            whole = int(cell)
            if isinstance(cell, bool) or (not isinstance(cell, (int, str)) and whole != cell):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise Refused(
                f"expected an integer (as types say), found {describe(cell)}"
                + (" with a fraction" if isinstance(cell, float) else "")
            ) from None
        self._int(out, whole, 0)

    def _typed_double(self, out: Any, cell: Any) -> None:
        cell = plain(cell)
        try:
            number = float(cell)
        except (TypeError, ValueError, OverflowError):
            raise Refused(f"expected a number (as types say), found {describe(cell)}") from None
        self._float(out, number, 0)

    def _typed_string(self, out: Any, cell: Any) -> None:
        cell = plain(cell)
        if isinstance(cell, (str, int, float, decimal.Decimal, uuid.UUID, datetime.date)):
            is_date = isinstance(cell, datetime.date)
            self._str(out, cell.isoformat() if is_date else str(cell), 0)
            return
        raise Refused(f"expected text (as types say), found {describe(cell)}")

    def _typed_time(self, out: Any, cell: Any) -> None:
        self._time(out, cell, 0)

    def _typed_json(self, out: Any, cell: Any) -> None:
        if isinstance(cell, str):
            cell = parse_json(cell)
            if cell is None:
                out.null_value = 0
                return
        self.set(out, cell)


def parse_json(text: str) -> Any:
    """JSON with exact integers; refuses NaN, numbers beyond a double, and keys that repeat."""

    def constant(name: str) -> Any:
        raise Refused("not valid JSON: NaN or Infinity")

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise Refused("a number beyond a double; quote it to send it as a string")
        return value

    def members(pairs: Any) -> Any:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Refused("an object with a key that is there twice")
        return found

    try:
        return json.loads(
            text, parse_constant=constant, parse_float=number, object_pairs_hook=members
        )
    except Refused:
        raise
    except RecursionError:
        raise Refused(f"nested deeper than {limits.VALUE_DEPTH_MAX} levels") from None
    except ValueError as error:
        raise Refused(f"not valid JSON: {getattr(error, 'msg', 'it ends nowhere')}") from None


def _check_depth(depth: int) -> None:
    if depth == limits.VALUE_DEPTH_MAX:
        raise Refused(f"nested deeper than {limits.VALUE_DEPTH_MAX} levels")
