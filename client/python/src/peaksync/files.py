"""CSV and JSON Lines, for `python -m peaksync push FILE`. Constant memory."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import logging
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from peaksync import limits
from peaksync.cells import TypeInference, check_big_integers, setter_of
from peaksync.errors import UsageError, usage
from peaksync.rows import RefusedRow, Row, RowMaker, RowRules
from peaksync.values import UNSET, Converter, Refused, is_missing, parse_json

_log = logging.getLogger("peaksync")
_FLOAT_ID = (
    "is a number with a decimal point or an exponent. Programs such as pandas make floats of "
    "integers when a value is missing; nothing was sent. Write the column as text (pandas: "
    ".astype('Int64')), or say --types COLUMN=string if the identifiers really look so"
)


class Source(NamedTuple):
    """Rows of a file, and what is needed to write those that are refused."""

    rows: Iterator[Row]
    header: Optional[List[str]]  # Of CSV.


def format_of(path: str, given: Optional[str]) -> str:
    """csv or jsonl."""
    if given is not None:
        return given
    name = path.lower()
    name = name[: -len(".gz")] if name.endswith(".gz") else name
    if name == "-":
        _log.warning("reading CSV from standard input; say --format jsonl for JSON Lines")
        return "csv"
    if name.endswith(".csv"):
        return "csv"
    if name.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    usage("format", f"what {path} holds can't be told from its name; say csv or jsonl")


def open_text(path: str) -> io.TextIOWrapper:
    """The file as text, unpacked where it is gzip. Bytes that are not UTF-8 become surrogates."""
    try:
        # Unbuffered, so that a pipe's rows are read as they come.
        raw = open(0 if path == "-" else path, "rb", buffering=0, closefd=path != "-")
    except OSError as error:
        usage("file", f"can't read {path} ({error.strerror})")
    buffered = io.BufferedReader(raw, 1 << 18)
    data: Any = buffered
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        data = gzip.GzipFile(fileobj=buffered)
    return io.TextIOWrapper(data, "utf-8-sig", errors="surrogateescape", newline="")


def file_error(name: str, line: int, what: str) -> UsageError:
    return UsageError(f"{name}: line {line}: {what}")


Record = Tuple[int, List[str]]


class CsvRows:
    """The first line names the columns; types come from --types, else from the first rows."""

    def __init__(self, text: io.TextIOWrapper, name: str, rules: RowRules, null: Optional[str]):
        csv.field_size_limit(limits.ROW_BYTES_MAX)
        self._reader = csv.reader(text, strict=True)
        self._name, self._rules, self._null = name, rules, null
        self._header: List[str] = []

    def open(self) -> Source:
        first = next(self._records(), None)
        if first is None:
            raise file_error(
                self._name, 1, "the file is empty; the first line must name the columns"
            )
        self._header = first[1]
        self._check_header()
        records = self._records()
        head = list(itertools.islice(records, limits.HEAD_ROWS_MAX))
        maker = self._maker(head)
        return Source(self._rows(itertools.chain(head, records), maker), self._header)

    def _records(self) -> Iterator[Record]:
        while True:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                raise file_error(
                    self._name, line, f"{error}; is a closing quote missing, or the file cut off?"
                ) from None
            if fields is None:
                return
            if not fields:  # An empty line.
                continue
            if self._header and len(fields) != len(self._header):
                raise file_error(
                    self._name,
                    line,
                    f"{len(fields)} fields, but the header names {len(self._header)} columns; is "
                    "a field with a comma not quoted, or the file cut off?",
                )
            yield line, fields

    def _check_header(self) -> None:
        header = self._header
        if not all(_is_utf8(name) for name in header):
            raise file_error(self._name, 1, "a column's name is not UTF-8; save the file as UTF-8")
        for name in header:
            if header.count(name) > 1:
                raise file_error(self._name, 1, f"column {name!r} is there twice; name each once")

    def _maker(self, head: List[Record]) -> RowMaker:
        types = self._rules.types
        inferred: Dict[str, TypeInference] = {}
        for at, name in enumerate(self._header):
            inferred[name] = TypeInference()
            if name in types:
                continue
            for line, fields in head:
                if fields[at] != self._null:
                    inferred[name].add(fields[at], line)
        line_of_float = (
            inferred[self._rules.id].float_line() if self._rules.id in inferred else None
        )
        if line_of_float is not None:
            what = f"column {self._rules.id!r}: the identifier {_FLOAT_ID}"
            raise file_error(self._name, line_of_float, what)
        converter = Converter()

        def setter(name: str) -> Any:
            if name in types:
                return setter_of(types[name], True, converter)
            check_big_integers(name, inferred[name], self._name)
            return setter_of(inferred[name].type(), False, converter)

        maker = RowMaker(self._rules, setter)
        if "" in self._header:
            _log.warning("a column has no name and is not sent (pandas: to_csv(index=False))")
            maker.rules = self._rules._replace(exclude=self._rules.exclude + ("",))
        maker.check_columns(self._header, self._name)
        return maker

    def _rows(self, records: Iterator[Record], maker: RowMaker) -> Iterator[Row]:
        names = tuple(self._header)
        for line, fields in records:
            cells: List[Any] = [
                UNSET if cell == self._null else (cell if cell else None) for cell in fields
            ]
            row = maker.make(line, names, cells)
            yield row if row.cells is None else row._replace(cells=dict(zip(names, fields)))


class JsonRows:
    """One object a line; null unsets. A line stands for itself, so a bad one is a refused row."""

    def __init__(self, text: io.TextIOWrapper, name: str, rules: RowRules):
        self._text, self._name = text, name
        converter = Converter()

        def setter(member: str) -> Any:
            is_time = member in rules.types
            return setter_of("timestamp", True, converter) if is_time else converter.set

        self._maker = RowMaker(rules, setter)

    def open(self) -> Source:
        for column, kind in self._maker.rules.types.items():
            if kind != "timestamp" and not (kind == "string" and column == self._maker.rules.id):
                usage(
                    "types",
                    f"{column}={kind}: in JSON Lines the values have types; --types takes only "
                    "COLUMN=timestamp there",
                )
        return Source(self._rows(), None)

    def _rows(self) -> Iterator[Row]:
        is_first, number = True, 0
        while True:
            number += 1
            line = self._text.readline(limits.ROW_BYTES_MAX)
            if not line:
                return
            if len(line) >= limits.ROW_BYTES_MAX:
                raise file_error(
                    self._name, number, f"the line is longer than {limits.ROW_BYTES_MAX:,} bytes"
                )
            if not line.strip():
                continue
            row = self._row(number, line)
            is_whole = row.refused is None or row.refused.column or row.update is not None
            if is_first and not is_whole:
                raise file_error(
                    self._name,
                    number,
                    "the first line is not a JSON object; is it JSON Lines, one object per line? "
                    "(pandas: to_json(orient='records', lines=True))",
                )
            is_first = False
            yield row

    def _row(self, number: int, line: str) -> Row:
        kept = {"": line.rstrip("\r\n ")} if self._maker.rules.keeps_cells else None
        try:
            if not _is_utf8(line):
                raise Refused("not valid UTF-8")
            value = parse_json(line)
            if not isinstance(value, dict):
                raise Refused("not a JSON object; every line must hold one")
        except Refused as error:
            return Row(number, None, RefusedRow(number, "", str(error)), kept)
        cells = [UNSET if is_missing(cell) else cell for cell in value.values()]
        return self._maker.make(number, tuple(value), cells)._replace(cells=kept)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
        return True
    except UnicodeEncodeError:
        return False


def open_rows(path: str, kind: str, rules: RowRules, null: Optional[str]) -> Source:
    """The rows of a file. Raises UsageError with file and line where it can't be read."""
    name = "standard input" if path == "-" else path
    if kind == "csv":
        return CsvRows(open_text(path), name, rules, null).open()
    if null is not None:
        usage("null_value", "is for CSV; in JSON Lines null unsets an attribute")
    return JsonRows(open_text(path), name, rules).open()
