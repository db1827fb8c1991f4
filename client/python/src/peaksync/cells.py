"""Texts of a CSV file as values: what a column is by its first rows, then each cell. Pure."""

from __future__ import annotations

import math
import re
from typing import Any, Optional

from peaksync.errors import usage
from peaksync.times import BadTime, parse_time
from peaksync.values import Converter, Refused, Setter, parse_json

_INTEGER = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = ("nan", "inf", "infinity")
_DESCRIPTIONS = {
    "bool": "true or false",
    "integer": "an integer",
    "big integer": "an integer beyond 64 bits",
    "double": "a number with a fraction or an exponent",
    "not finite": "NaN or an infinity, which Braze has no value for",
    "string": "text",
}


def kind_of(cell: str) -> str:
    """empty, bool, integer, big integer, double, not finite or string."""
    if not cell:
        return "empty"
    if _INTEGER.fullmatch(cell):
        return "integer" if -(2**63) <= int(cell) < 2**63 else "big integer"
    if _NUMBER.fullmatch(cell):
        return "double" if math.isfinite(float(cell)) else "not finite"
    lower = cell.lower()
    if lower in ("true", "false"):
        return "bool"
    return "not finite" if lower.lstrip("+-") in _NOT_FINITE else "string"


class TypeInference:
    """What a column is, by its cells."""

    def __init__(self) -> None:
        self._seen = set()  # type: ignore[var-annotated]
        self._float_line: Optional[int] = None
        self._big_line: Optional[int] = None

    def add(self, cell: str, line: int) -> None:
        kind = kind_of(cell)
        self._seen.add(kind)
        if kind == "double" and self._float_line is None:
            self._float_line = line
        if kind == "big integer" and self._big_line is None:
            self._big_line = line

    def _all_numbers(self) -> bool:
        return not self._seen & {"string", "bool"}

    def type(self) -> str:
        numeric = self._seen & {"integer", "big integer", "double", "not finite"}
        if "string" in self._seen or ("bool" in self._seen and numeric):
            return "string"
        if "bool" in self._seen:
            return "bool"
        if "double" in self._seen:
            return "double"
        # Integers beside NaN: pandas would have written 1.0, so somebody meant integers.
        if self._seen & {"integer", "big integer"}:
            return "integer"
        return "double" if numeric else "string"

    def big_integer_line(self) -> Optional[int]:
        return self._big_line if self._all_numbers() else None

    def float_line(self) -> Optional[int]:
        return self._float_line if self._all_numbers() else None


def setter_of(kind: str, is_explicit: bool, converter: Converter) -> Setter:
    """Fills a value from a cell that is not empty; raises Refused where it does not fit."""
    where = (
        " (as --types says)"
        if is_explicit
        else " (as the first rows are; --types can say otherwise)"
    )

    def misfit(wanted: str, cell: str) -> Refused:
        found = kind_of(cell)
        digits = found == "string" and cell.lstrip("-").replace(".", "", 1).isdigit()
        what = "digits with leading zeros" if digits else _DESCRIPTIONS[found]
        return Refused(f"expected {wanted}{where}, found {what}")

    def set_bool(out: Any, cell: str) -> None:
        if cell.lower() not in ("true", "false"):
            raise misfit("true or false", cell)
        out.bool_value = cell.lower() == "true"

    def set_integer(out: Any, cell: str) -> None:
        zeros = is_explicit and re.fullmatch(r"-?\d+", cell, re.ASCII)
        if not (kind_of(cell) == "integer" or zeros and -(2**63) <= int(cell) < 2**63):
            raise misfit("an integer", cell)
        out.int64_value = int(cell)

    def set_double(out: Any, cell: str) -> None:
        found = kind_of(cell)
        zeros = is_explicit and re.fullmatch(r"-?\d+(\.\d*)?([eE][+-]?\d+)?", cell, re.ASCII)
        if found not in ("integer", "big integer", "double") and not zeros:
            raise misfit("a finite number", cell)
        number = float(cell)
        if not math.isfinite(number):
            raise misfit("a finite number", cell)
        if not is_explicit and "integer" in found and int(number) != int(cell):
            what = "an integer with more digits than a double can hold"
            raise Refused(f"expected a number{where}, found {what}")
        out.double_value = number

    def set_time(out: Any, cell: str) -> None:
        try:
            time = parse_time(cell)
        except BadTime as error:
            raise Refused(str(error)) from None
        out.timestamp_value.seconds, out.timestamp_value.nanos = time

    def set_json(out: Any, cell: str) -> None:
        value = parse_json(cell)
        if value is None:
            out.null_value = 0
        else:
            converter.set(out, value)

    setters = {
        "bool": set_bool,
        "integer": set_integer,
        "double": set_double,
        "number": set_double,
        "string": converter.set,
        "timestamp": set_time,
        "json": set_json,
    }
    return setters[kind]


def check_big_integers(column: str, inferred: TypeInference, file: str) -> None:
    line = inferred.big_integer_line()
    if line is not None:
        usage(
            "types",
            f"{file}: line {line}: column {column!r} holds integers beyond 64 bits; say what they "
            f"are: --types {column}=string keeps every digit, --types {column}=double rounds them",
        )
