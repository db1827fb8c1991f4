"""Cells of CSV files, and files that can't be what was meant."""

import gzip
import io

import pytest

from peaksync import files
from peaksync._proto import customer_pb2
from peaksync.cells import TypeInference, kind_of, setter_of
from peaksync.commands import as_flags
from peaksync.errors import UsageError
from peaksync.rows import RowRules
from peaksync.values import Converter, Refused


@pytest.mark.parametrize(
    "cell, kind",
    [
        ("", "empty"),
        ("0", "integer"),
        ("-12", "integer"),
        ("9223372036854775807", "integer"),
        ("9223372036854775808", "big integer"),
        ("007", "string"),
        ("1.", "double"),
        (".5", "double"),
        ("-1e3", "double"),
        ("1e", "string"),
        ("1e999", "not finite"),
        ("NaN", "not finite"),
        ("-inf", "not finite"),
        ("TRUE", "bool"),
        ("truth", "string"),
        ("+1", "string"),
        ("١", "string"),
    ],
)
def test_kinds_of_cells(cell, kind):
    assert kind_of(cell) == kind


@pytest.mark.parametrize(
    "cells, kind",
    [
        (["1", "", "2"], "integer"),
        (["1", "2.5"], "double"),
        (["true", "False"], "bool"),
        (["true", "1"], "string"),
        (["1", "007"], "string"),
        (["1", "nan"], "integer"),
        (["nan"], "double"),
        ([""], "string"),
    ],
)
def test_type_of_a_column_is_that_of_its_first_rows(cells, kind):
    inference = TypeInference()
    for line, cell in enumerate(cells):
        inference.add(cell, line)
    assert inference.type() == kind


def value_of(kind, cell, is_explicit=False):
    out = customer_pb2.Value()
    setter_of(kind, is_explicit, Converter())(out, cell)
    return getattr(out, out.WhichOneof("kind"))


def test_cells_that_fit_are_exact():
    assert value_of("integer", "9007199254740993") == 9007199254740993
    assert value_of("double", "14") == 14.0
    assert value_of("bool", "TRUE") is True
    assert value_of("timestamp", "2026-09-07T02:00:00Z", True).seconds == 1_788_746_400
    assert value_of("json", '[1, {"a": 2.5}]', True).values[0].int64_value == 1
    assert value_of("json", "null", True) == 0
    assert value_of("integer", "007", True) == 7
    assert value_of("double", "007.5", True) == 7.5
    assert value_of("double", "9007199254740993", True) == 9007199254740992.0


@pytest.mark.parametrize(
    "kind, cell, words",
    [
        ("integer", "1.5", "as the first rows are"),
        ("integer", "007", "leading zeros"),
        ("integer", "9223372036854775808", "beyond 64 bits"),
        ("double", "many", "found text"),
        ("double", "nan", "no value for"),
        ("double", "007.5", "leading zeros"),
        ("double", "9007199254740993", "more digits"),
        ("bool", "1", "found an integer"),
        ("timestamp", "2026-09-07", "date without"),
        ("json", "{", "not valid JSON"),
    ],
)
def test_cells_that_do_not_fit_are_refused(kind, cell, words):
    with pytest.raises(Refused, match=words):
        value_of(kind, cell)


def rows_of(text, kind="csv", null=None, **rules):
    data = text.encode() if isinstance(text, str) else text
    wrapper = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "surrogateescape", newline="")
    rules = RowRules(**{"id": "id", **rules})
    if kind == "csv":
        return list(files.CsvRows(wrapper, "f.csv", rules, null).open().rows)
    return list(files.JsonRows(wrapper, "f.jsonl", rules).open().rows)


def test_lines_are_those_of_the_file():
    rows = rows_of('\ufeffid,a\n1,"x\ny"\n\n2,y\r\n,z\n4,\n5,NULL\n', null="NULL")
    assert [row.line for row in rows] == [2, 5, 6, 7, 8]
    assert rows[2].refused.reason == "the identifier is empty"
    assert (rows[3].update, rows[3].refused) == (None, None)
    assert rows[4].update.attributes[0].value.WhichOneof("kind") == "null_value"


def test_row_that_is_not_utf_8_is_refused_and_named():
    rows = rows_of(b"id,a\n1,\xff\n2,y\n")
    assert (rows[0].line, rows[0].refused.column) == (2, "a")
    assert "UTF-8" in rows[0].refused.reason
    lines = b'{"id":"3","a":1}\n{"id":"1","a":"\xff"}\n{"id":"2","a":"\\ud800"}\n'
    good, *bad = rows_of(lines, "jsonl")
    assert good.update is not None
    assert [(row.line, "UTF-8" in row.refused.reason) for row in bad] == [(2, True), (3, True)]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "empty"),
        ("id,a,a\n", "twice"),
        ("a\n1\n", "no column 'id'"),
        ("id\n1\n", "no column is left"),
        ("id,a\n1\n", "line 2: 1 fields, but the header names 2"),
        ('id,a\n1,"x\n', "line 2: .*closing quote"),
        ("id,a\n1.0,x\n", "line 2: .*Int64"),
        ("id,a\n1,9223372036854775808\n", "line 2: .*--types a=string"),
    ],
)
def test_files_that_cannot_be_meant_are_usage_errors(text, words):
    with pytest.raises(UsageError, match=words):
        rows_of(text)


@pytest.mark.parametrize("line", ["[1]", "id,a", '"x"'])
def test_first_line_that_is_no_object_is_no_json_lines(line):
    with pytest.raises(UsageError, match="one object per line"):
        rows_of(line + "\n", "jsonl")


def test_later_line_that_is_no_object_is_a_refused_row():
    rows = rows_of('{"id":"1","a":1}\n\n{"id":\n', "jsonl")
    assert [(row.line, row.refused is None) for row in rows] == [(1, True), (3, False)]


def test_types_of_json_lines_are_only_times():
    rows = rows_of('{"id":1,"a":"2026-09-07T02:00:00Z"}\n', "jsonl", types={"a": "timestamp"})
    assert rows[0].update.attributes[0].value.WhichOneof("kind") == "timestamp_value"
    with pytest.raises(UsageError, match="timestamp"):
        rows_of("", "jsonl", types={"a": "integer"})


def test_format_is_that_of_the_name():
    names = ("a.CSV", "a.csv.gz", "a.jsonl", "a.ndjson.gz", "-")
    assert [files.format_of(name, None) for name in names] == [
        "csv",
        "csv",
        "jsonl",
        "jsonl",
        "csv",
    ]
    assert files.format_of("a.txt", "jsonl") == "jsonl"
    with pytest.raises(UsageError, match="format"):
        files.format_of("a.txt", None)


def test_gzip_is_known_by_its_first_bytes(tmp_path):
    path = tmp_path / "odd-name"
    path.write_bytes(gzip.compress(b"id,a\n1,x\n"))
    assert files.open_text(str(path)).read() == "id,a\n1,x\n"
    with pytest.raises(UsageError, match="can't read"):
        files.open_text(str(tmp_path / "missing"))


def test_messages_of_arguments_name_the_flags():
    assert as_flags("batch_size: no") == "--batch-size: no"
    assert as_flags("id: no") == "--id-column: no"
    assert as_flags("row 3: no") == "row 3: no"
