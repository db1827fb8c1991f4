"""What pandas and numpy make of values."""

import collections
import datetime
import decimal

import pytest

from peaksync.errors import UsageError
from peaksync.frames import RowReader, count_rows, is_frame
from peaksync.rows import RowMaker, RowRules, as_names, check_rules
from peaksync.times import UTC
from peaksync.values import UNSET

pandas = pytest.importorskip("pandas")
numpy = pytest.importorskip("numpy")


def read(rows, **rules):
    return list(RowReader(rows, RowMaker(check_rules(RowRules(**{"id": "id", **rules})))))


def attributes(row):
    """Name -> value of a row's update."""
    found = {}
    for attribute in row.update.attributes:
        kind = attribute.value.WhichOneof("kind")
        value = getattr(attribute.value, kind)
        found[attribute.name] = None if kind == "null_value" else value
    return found


def column(values, **rules):
    """The values of one column, row by row; a reason where one was refused."""
    rows = read(pandas.DataFrame({"id": range(len(values)), "a": values}), **rules)
    return [
        row.refused.reason if row.refused else attributes(row)["a"] if row.update else "absent"
        for row in rows
    ]


@pytest.mark.parametrize(
    "values, expected",
    [
        ([1.5, numpy.nan], [1.5, "absent"]),
        (pandas.array([2**53 + 1, None], dtype="Int64"), [2**53 + 1, "absent"]),
        (pandas.array([True, None], dtype="boolean"), [True, "absent"]),
        (pandas.array([0.5, None], dtype="Float64"), [0.5, "absent"]),
        (pandas.array(["x", None], dtype="string"), ["x", "absent"]),
        (pandas.Categorical(["x", None]), ["x", "absent"]),
        (pandas.Categorical([1, 2]), [1, 2]),
        (numpy.array([1, 2], dtype="int8"), [1, 2]),
        (numpy.array([0.5, 1], dtype="float32"), [0.5, 1.0]),
        (pandas.array([0, 1], dtype=pandas.SparseDtype("int64")), [0, 1]),
        ([numpy.int64(3), numpy.bool_(True)], [3, True]),
        ([numpy.str_("x"), numpy.float64("nan")], ["x", "absent"]),
        ([pandas.NA, pandas.NaT], ["absent", "absent"]),
        ([None, decimal.Decimal("NaN")], ["absent", "absent"]),
        (["", 0], ["", 0]),
        ([False, 0.0], [False, 0.0]),
    ],
)
def test_values_of_every_kind_of_column(values, expected):
    found = column(values)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_integers_beyond_64_bits_are_refused_row_by_row():
    found = column(numpy.array([2**64 - 1, 1], dtype="uint64"))
    assert "64 bits" in found[0] and found[1] == 1


def test_missing_values_are_unset_when_asked():
    assert column([1.5, numpy.nan, None], nulls="unset") == [1.5, None, None]
    assert column([UNSET, 1]) == [None, 1]


def test_times_of_columns():
    aware = pandas.to_datetime(["2026-09-07T02:00:00.5Z", None])
    [first, second] = column(aware)
    assert (first.seconds, first.nanos, second) == (1_788_746_400, 500_000_000, "absent")
    naive = pandas.to_datetime(["2026-09-07T02:00:00"])
    assert "timezone=" in column(naive)[0]
    assert column(naive, zone=UTC)[0].seconds == 1_788_746_400
    scalar = column([numpy.datetime64("2026-09-07T02:00:00.000001")], zone=UTC)[0]
    assert (scalar.seconds, scalar.nanos) == (1_788_746_400, 1_000)
    assert column([numpy.datetime64("NaT")]) == ["absent"]


@pytest.mark.parametrize(
    "values, words",
    [
        (pandas.to_timedelta(["1 day"]), "duration"),
        (pandas.period_range("2026-09", periods=1, freq="M"), "Period"),
        ([numpy.timedelta64(1, "D")], "duration"),
        ([numpy.array([0.5, numpy.nan])], "missing value inside"),
    ],
)
def test_what_has_no_value_is_refused(values, words):
    assert words in column(values)[0]


def test_arrays_are_lists():
    [found] = column([numpy.array([[1, 2], [3, 4]])])
    assert [[v.int64_value for v in row.list_value.values] for row in found.values] == [
        [1, 2],
        [3, 4],
    ]


def test_identifiers():
    frame = pandas.DataFrame({"id": pandas.array([1, None], dtype="Int64"), "a": [1, 2]})
    first, second = read(frame)
    assert first.update.customer.external_id == "1"
    assert (second.line, second.refused.reason) == (2, "the identifier is empty")
    cells = [decimal.Decimal("12"), True, decimal.Decimal("1.5"), decimal.Decimal("Infinity"), [1]]
    first, *others = read([{"id": cell, "a": 1} for cell in cells])
    assert first.update.customer.external_id == "12"
    assert all("must be text or an integer" in row.refused.reason for row in others)
    [alias] = read([{"id": "x", "a": 1}], id_kind="user_alias:crm")
    assert alias.update.customer.user_alias.alias_label == "crm"


@pytest.mark.parametrize(
    "frame, words",
    [
        (pandas.DataFrame({"id": [1.0, numpy.nan], "a": [1, 2]}), "Int64"),
        (pandas.DataFrame({"id": ["1.0"], "a": [1]}), "Int64"),
        (pandas.DataFrame({"a": [1]}), "no column 'id'"),
        (pandas.DataFrame({"a": [1]}, index=pandas.Index([1], name="id")), "reset_index"),
        (pandas.DataFrame({"id": [1]}), "no column is left"),
        (pandas.DataFrame([[1, 2]], columns=["id", 5]), "no text"),
        (pandas.DataFrame([[1, 2, 3]], columns=["id", "a", "a"]), "twice"),
        (pandas.DataFrame([range(300)], columns=["id", *map(str, range(299))]), "250"),
    ],
)
def test_frames_that_cannot_be_meant_are_usage_errors(frame, words):
    with pytest.raises(UsageError, match=words):
        read(frame)


def test_later_parts_whose_identifiers_became_floats_end_the_push():
    parts = [
        pandas.DataFrame({"id": [1, 2], "a": [1, 2]}),
        pandas.DataFrame({"id": [3, numpy.nan], "a": [3, 4]}),
    ]
    reader = iter(RowReader(iter(parts), RowMaker(RowRules(id="id"))))
    assert [next(reader).line, next(reader).line] == [1, 2]
    with pytest.raises(UsageError, match="Int64"):
        next(reader)


def test_rows_are_counted_through_all_parts():
    frame = pandas.DataFrame({"id": range(2_500), "a": 1})
    lines = [row.line for row in read(frame.iloc[at : at + 1_300] for at in (0, 1_300))]
    assert lines == list(range(1, 2_501))


def test_columns_and_exclude_and_the_column_of_an_index():
    frame = pandas.DataFrame({"Unnamed: 0": [0], "id": ["1"], "a": [1], "b": [2]})
    assert attributes(read(frame)[0]) == {"a": 1, "b": 2}
    assert attributes(read(frame, columns=("b",))[0]) == {"b": 2}
    assert attributes(read(frame, exclude=("b",))[0]) == {"a": 1}


def test_dicts_and_named_tuples_may_differ_from_row_to_row():
    Scored = collections.namedtuple("Scored", "id score")
    rows = read([{"id": "1", "a": 1}, Scored("2", 0.5), {"b": 2, "id": "3"}, {"id": "4"}, {"a": 1}])
    assert [attributes(row) for row in rows[:3]] == [{"a": 1}, {"score": 0.5}, {"b": 2}]
    assert (rows[3].update, rows[3].refused) == (None, None)
    assert rows[4].refused.column == "id"


@pytest.mark.parametrize("rows", ["a.csv", {"id": 1}, 5, None, [["1", 2]], [5]])
def test_rows_of_another_kind_are_a_usage_error(rows):
    with pytest.raises(UsageError, match="rows: give a pandas DataFrame"):
        read(rows)


def test_times_of_rows():
    at = datetime.datetime(2026, 9, 7, 2, tzinfo=UTC)
    rows = [{"id": "1", "a": 1, "at": cell} for cell in (at, "2026-09-07T02:00:00Z", None, "", 5)]
    found = read(rows, updated_at="at")
    assert [row.update.updated_at.seconds for row in found[:2]] == [1_788_746_400] * 2
    reasons = ["the time is empty", "the time is empty", "expected a time, found an integer"]
    assert [row.refused.reason for row in found[2:]] == reasons
    assert {row.refused.column for row in found[2:]} == {"at"}


def test_rules_that_contradict_are_usage_errors():
    for rules in (
        {"id": ""},
        {"updated_at": "id"},
        {"id_kind": "user_alias:"},
        {"nulls": "zero"},
        {"types": {"a": "float"}},
        {"columns": ("a",), "exclude": ("a",)},
    ):
        with pytest.raises(UsageError):
            check_rules(RowRules(**{"id": "id", **rules}))
    with pytest.raises(UsageError):
        as_names([1], "columns")


def test_frames_are_known_without_importing_pandas():
    class Scores(pandas.DataFrame):
        pass

    assert is_frame(Scores()) and not is_frame([1])
    assert count_rows(pandas.DataFrame({"a": [1, 2]})) == 2
    assert count_rows([{"a": 1}]) == 1
    assert count_rows(iter([])) is None
