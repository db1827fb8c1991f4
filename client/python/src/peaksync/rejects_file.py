"""Writes refused rows to a file that can be mended and pushed again."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import os
import stat
from typing import Any, Dict, List, Optional, TextIO

from peaksync.errors import NotFinishedError, usage
from peaksync.rows import RefusedRow

_COLUMNS = ["peaksync_line", "peaksync_column", "peaksync_reason"]


def open_private(path: str) -> TextIO:
    """A file that only its owner can read."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)
    except OSError as error:
        usage("rejects", f"can't write {path} ({error.strerror})")
    return open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="")


def _plain(cell: Any) -> Any:
    """A cell of a database as JSON has it; what JSON has not as text."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat()
    if cell is None or isinstance(cell, (bool, int, float, str)):
        return cell
    if isinstance(cell, (list, tuple)):
        return [_plain(one) for one in cell]
    if isinstance(cell, dict):
        return {str(key): _plain(one) for key, one in cell.items()}
    return str(cell)


class RejectsFile:
    """`header`: of CSV; None for JSON Lines."""

    def __init__(
        self, path: str, header: Optional[List[str]], id_column: str, time_column: Optional[str]
    ) -> None:
        self._path, self._header = path, header
        self._id, self._time = id_column, time_column
        self._file = open_private(path)
        if header is not None:
            self._write_csv(_COLUMNS + header)

    def add(self, row: RefusedRow, cells: Optional[Dict[str, Any]]) -> None:
        cells = cells or {}
        if self._header is not None:
            texts = [str(cells.get(name, "")) for name in self._header]
            self._write_csv([str(row.line), row.column, row.reason] + texts)
            return
        text = str(cells.get("", "{}"))
        try:
            json.loads(text)
            member = f'"row":{text}'
        except ValueError:
            member = f'"row_text":{json.dumps(text)}'
        self._write_json(row.line, row.column, row.reason, member)

    def add_cells(self, row: RefusedRow, cells: Optional[Dict[str, Any]]) -> None:
        """A row of a database, as JSON Lines."""
        text = json.dumps(_plain(cells or {}), ensure_ascii=False)
        self._write_json(row.line, row.column, row.reason, f'"row":{text}')

    def add_by_braze(self, refusal: Dict[str, Any]) -> None:
        """A value that Braze refused. Its row is not known any more; its line is 0."""
        value, name = refusal["value"], refusal["attribute"]
        reason = f"Braze: {refusal['reason']}"
        if self._header is not None:
            cells = {name: value if isinstance(value, str) else json.dumps(value)}
            if not refusal["value_kept"] or value is None:
                cells = {}
            cells[self._id] = refusal["customer"]
            cells[self._time or ""] = refusal["updated_at"] or ""
            self._write_csv(["0", name, reason] + [cells.get(key, "") for key in self._header])
            return
        row = {self._id: refusal["customer"]}
        if self._time is not None and refusal["updated_at"]:
            row[self._time] = refusal["updated_at"]
        if refusal["value_kept"]:
            row[name] = value
        self._write_json(0, name, reason, f'"row":{json.dumps(row, ensure_ascii=False)}')

    def _write_csv(self, cells: List[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        self._file.write(text.getvalue())

    def _write_json(self, line: int, column: str, reason: str, member: str) -> None:
        self._file.write(
            f'{{"peaksync_line":{line},"peaksync_column":{json.dumps(column)},'
            f'"peaksync_reason":{json.dumps(reason)},{member}}}\n'
        )

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise NotFinishedError(
                f"rejects: {self._path} could not be written to its end ({error.strerror})"
            ) from error
