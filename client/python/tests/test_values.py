import datetime
import decimal
import enum
import uuid

import pytest

from peaksync._proto import customer_pb2
from peaksync.times import UTC
from peaksync.values import Converter, NeedsType, Refused, is_missing, parse_json


def value_of(cell, type_name=None, zone=None):
    """(kind, value) of the message that a cell becomes."""
    out = customer_pb2.Value()
    Converter(zone).setter(type_name)(out, cell)
    kind = out.WhichOneof("kind")
    return kind, getattr(out, kind)


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


class Plan(str, enum.Enum):
    GOLD = "gold"


@pytest.mark.parametrize(
    "cell, kind, value",
    [
        (True, "bool_value", True),
        (0, "int64_value", 0),
        (2**63 - 1, "int64_value", 2**63 - 1),
        (-(2**63), "int64_value", -(2**63)),
        (14.0, "double_value", 14.0),
        ("", "string_value", ""),
        ("zażółć", "string_value", "zażółć"),
        (Plan.GOLD, "string_value", "gold"),
        (datetime.date(2026, 9, 7), "string_value", "2026-09-07"),
        (uuid.UUID(int=1), "string_value", "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("12"), "int64_value", 12),
        (decimal.Decimal("12.00"), "double_value", 12.0),
        (decimal.Decimal("0.1"), "double_value", 0.1),
        (decimal.Decimal("-0.000012"), "double_value", -0.000012),
    ],
)
def test_values_keep_their_type(cell, kind, value):
    found = value_of(cell)
    assert found == (kind, value)
    assert type(found[1]) is type(value)


@pytest.mark.parametrize("digits", ["0.12345678901234567890", "18446744073709551616", "1e-400"])
def test_decimal_that_a_double_cannot_hold_asks_for_a_type(digits):
    cell = decimal.Decimal(digits)
    with pytest.raises(NeedsType, match="more digits"):
        value_of(cell)
    assert value_of(cell, "string") == ("string_value", str(cell))
    assert value_of(cell, "double") == ("double_value", float(cell))


@pytest.mark.parametrize(
    "cell, words",
    [
        (2**63, "64 bits"),
        (float("inf"), "infinity"),
        (decimal.Decimal("Infinity"), "infinity"),
        ("a\ud800b", "UTF-8"),
        ({"\udfff": 1}, "UTF-8"),
        ({1: 2}, "keys must be text"),
        (b"bytes", "bytes"),
        (bytearray(b"bytes"), "bytes"),
        ({1, 2}, "set"),
        (datetime.timedelta(1), "duration"),
        (datetime.time(1), "time"),
        (datetime.datetime(2026, 9, 7), "timezone="),
        (1j, "complex"),
        (object(), "object"),
        ([1, None], "missing value inside"),
        ({"a": float("nan")}, "missing value inside"),
        (nested(33), "32 levels"),
    ],
)
def test_what_has_no_value_is_refused_with_the_reason(cell, words):
    with pytest.raises(Refused, match=words):
        value_of(cell)


def test_lists_and_objects_nest_32_levels():
    kind, value = value_of(nested(32))
    assert kind == "list_value"
    depth = 0
    while value.values:
        value, depth = value.values[0].list_value, depth + 1
    assert depth == 32
    loop = []
    loop.append(loop)
    with pytest.raises(Refused, match="32 levels"):
        value_of(loop)


def test_empty_lists_and_objects_are_values():
    assert value_of([])[0] == "list_value"
    assert value_of({})[0] == "object_value"
    assert value_of((1, 2))[0] == "list_value"


def test_times_are_exact():
    at = datetime.datetime(2026, 9, 7, 2, 0, 0, 5, tzinfo=UTC)
    kind, value = value_of(at)
    assert (kind, value.seconds, value.nanos) == ("timestamp_value", 1_788_746_400, 5_000)
    assert value_of(datetime.datetime(2026, 9, 7, 2), zone=UTC)[1].seconds == 1_788_746_400


@pytest.mark.parametrize(
    "cell, type_name, kind, value",
    [
        (12.0, "integer", "int64_value", 12),
        ("12", "integer", "int64_value", 12),
        (12, "double", "double_value", 12.0),
        ("1.5", "number", "double_value", 1.5),
        (1, "bool", "bool_value", True),
        ("False", "bool", "bool_value", False),
        (7, "string", "string_value", "7"),
        ("2026-09-07T02:00:00Z", "timestamp", "timestamp_value", None),
        ('{"a": [1]}', "json", "object_value", None),
        ("null", "json", "null_value", 0),
        ({"a": 1}, "json", "object_value", None),
    ],
)
def test_types_choose(cell, type_name, kind, value):
    found = value_of(cell, type_name)
    assert found[0] == kind
    if value is not None:
        assert found[1] == value
        assert type(found[1]) is type(value)


@pytest.mark.parametrize(
    "cell, type_name",
    [
        (12.5, "integer"),
        (True, "integer"),
        ("x", "integer"),
        (float("inf"), "integer"),
        ("x", "double"),
        ("nan", "double"),
        (2, "bool"),
        ([], "string"),
        (5, "timestamp"),
        ("{", "json"),
        ('{"a": NaN}', "json"),
        ('{"a": 1, "a": 2}', "json"),
        ("1e999", "json"),
    ],
)
def test_what_does_not_fit_its_type_is_refused(cell, type_name):
    with pytest.raises(Refused):
        value_of(cell, type_name)


def test_reasons_never_hold_the_value():
    for cell in ("secret\ud800", b"secret", {"secret": None}, ["secret", None]):
        with pytest.raises(Refused) as caught:
            value_of(cell)
        assert "secret" not in str(caught.value)


def test_missing_is_what_python_calls_so():
    for cell in (None, float("nan"), decimal.Decimal("NaN")):
        assert is_missing(cell)
    for cell in ("", 0, False, 0.0, [], "nan"):
        assert not is_missing(cell)


def test_json_is_exact():
    assert parse_json("9007199254740993") == 9007199254740993
    with pytest.raises(Refused, match="32 levels|nested"):
        parse_json("[" * 100_000 + "]" * 100_000)
