"""Rows of what was handed in: DataFrames, dicts, named tuples, or iterables of them.

pandas is never imported: a DataFrame is known by its class, and its columns are asked for lists.
"""

from __future__ import annotations

import collections.abc
import logging
import re
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple

from peaksync import limits
from peaksync.errors import UsageError, usage
from peaksync.rows import FLOAT_ID, Row, RowMaker

_log = logging.getLogger("peaksync")
_WANTED = "rows: give a pandas DataFrame, or an iterable of DataFrames, of dicts or of named tuples"


def is_frame(value: Any) -> bool:
    """Whether it is a pandas DataFrame, also of a class made from it."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pandas"
        for kind in type(value).__mro__
    )


def count_rows(rows: Any) -> Optional[int]:
    """How many rows there are, where that is known beforehand."""
    if is_frame(rows) or isinstance(rows, (list, tuple)) and not any(map(is_frame, rows)):
        return len(rows)
    return None


class RowReader:
    """Iterates over rows in constant memory: a part of a DataFrame, or a row, at a time."""

    def __init__(self, rows: Any, maker: RowMaker) -> None:
        is_one = isinstance(rows, (str, bytes, collections.abc.Mapping))
        if is_one or not (is_frame(rows) or isinstance(rows, collections.abc.Iterable)):
            raise UsageError(f"{_WANTED}, not {type(rows).__name__}")
        self._rows = [rows] if is_frame(rows) else rows
        self._maker = maker
        self.total = count_rows(rows)
        self._line = 0
        self._told = False

    def __iter__(self) -> Iterator[Row]:
        for item in self._rows:
            if is_frame(item):
                yield from self._frame(item)
            elif isinstance(item, collections.abc.Mapping):
                yield self._one(tuple(item), list(item.values()))
            elif isinstance(item, tuple) and hasattr(item, "_fields"):
                yield self._one(item._fields, item)
            else:
                raise UsageError(f"{_WANTED}; row {self._line + 1} is {type(item).__name__}")

    def _one(self, names: Tuple[Any, ...], cells: Sequence[Any]) -> Row:
        self._line += 1
        if not all(isinstance(name, str) for name in names):
            raise UsageError(f"row {self._line}: a column's name is no text")
        return self._maker.make(self._line, names, cells)

    def _frame(self, frame: Any) -> Iterator[Row]:
        frame = self._without_index(frame)
        names = tuple(frame.columns)
        rules = self._maker.rules
        if rules.id not in names and rules.id in frame.index.names:
            usage("id", f"{rules.id!r} is the index of the DataFrame; use .reset_index() first")
        self._maker.check_columns(names, "the DataFrame")
        dtype = frame[rules.id].dtype
        if getattr(dtype, "kind", "") == "f" and len(frame) and frame[rules.id].notna().any():
            usage("id", f"column {rules.id!r}: {FLOAT_ID}")
        for begin in range(0, len(frame), limits.FETCH_ROWS):
            part = frame.iloc[begin : begin + limits.FETCH_ROWS]
            columns: List[Iterable[Any]] = [part.iloc[:, at].tolist() for at in range(len(names))]
            for cells in zip(*columns):
                self._line += 1
                yield self._maker.make(self._line, names, cells)

    def _without_index(self, frame: Any) -> Any:
        """Leaves out what only is an index that a CSV file carried along."""
        chosen = self._maker.rules.columns
        found = [
            name
            for name in frame.columns
            if isinstance(name, str) and re.fullmatch(r"Unnamed: \d+|", name) and name not in chosen
        ]
        if not found:
            return frame
        if not self._told:
            _log.warning("column %r has no name and is not sent", found[0])
        self._told = True
        return frame.drop(columns=found)
