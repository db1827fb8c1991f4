import datetime
import sqlite3

import pytest

from peaksync.errors import UsageError
from peaksync.selection import (
    NewestTime,
    Start,
    Statement,
    bind,
    changed_rows,
    choose_start,
    counting,
    has_since,
    paramstyle_of,
    select_text,
    since_value,
)
from peaksync.times import UTC, TimePoint, parse_zone

AT = TimePoint(1_788_746_400, 5)  # 2026-09-07T02:00:00Z
DAY = 86_400


def test_starts_at_the_cursor_less_the_lookback():
    assert choose_start(AT, None, False, DAY) == Start(TimePoint(AT.seconds - DAY, 5), AT)
    assert choose_start(AT, None, False, 0) == Start(AT, AT)


def test_first_and_full_select_everything():
    assert choose_start(None, None, False, DAY) == Start(None, None)
    assert choose_start(AT, None, True, DAY) == Start(None, None)
    assert choose_start(AT, AT, True, DAY) == Start(None, None)


def test_since_has_no_lookback_and_claims_nothing_before_it():
    assert choose_start(TimePoint(1), AT, False, DAY) == Start(AT, AT)


def test_cursor_follows_the_newest_time_but_not_into_the_future():
    newest = NewestTime(limit=AT)
    assert newest.cursor() is None
    times = [TimePoint(5), AT, TimePoint(7), TimePoint(AT.seconds, 6), TimePoint(2**40)]
    for time in times:
        newest.add(time)
    assert (newest.cursor(), newest.in_future) == (AT, 2)


def test_cursor_never_goes_back():
    newest = NewestTime(floor=AT)
    newest.add(TimePoint(5))
    assert newest.cursor() == AT
    later = TimePoint(AT.seconds, 6)
    newest.add(later)
    assert newest.cursor() == later


def test_table_by_its_name_and_queries():
    assert select_text("analytics.predictions") == "SELECT * FROM analytics.predictions"
    assert select_text("SELECT 1 ;\n") == "SELECT 1"
    with pytest.raises(UsageError):
        select_text(" ; ")
    assert changed_rows("t", "at").endswith("peaksync_rows WHERE at >= :since")
    assert changed_rows("t", 'odd "name').endswith('WHERE "odd ""name" >= :since')
    assert changed_rows("SELECT 1 WHERE at > :since", "at") == "SELECT 1 WHERE at > :since"


@pytest.mark.parametrize(
    "text",
    [
        "':since'",
        '":since"',
        "-- :since",
        "/* :since\n:since */",
        "x::since",
        ":sincere",
        "a:since",
    ],
)
def test_since_is_none_in_texts_comments_and_casts(text):
    assert not has_since(f"SELECT {text}")
    assert bind(f"SELECT {text}", 1, "qmark") == Statement(f"SELECT {text}", None)


@pytest.mark.parametrize(
    "style, sql, parameters",
    [
        ("qmark", "a LIKE 'x%' AND b >= ? OR c >= ? % 2", [7, 7]),
        ("numeric", "a LIKE 'x%' AND b >= :1 OR c >= :1 % 2", [7]),
        ("named", "a LIKE 'x%' AND b >= :since OR c >= :since % 2", {"since": 7}),
        ("format", "a LIKE 'x%%' AND b >= %s OR c >= %s %% 2", [7, 7]),
        ("pyformat", "a LIKE 'x%%' AND b >= %(since)s OR c >= %(since)s %% 2", {"since": 7}),
    ],
)
def test_binds_in_the_way_of_every_driver(style, sql, parameters):
    query = "a LIKE 'x%' AND b >= :since OR c >= :since % 2"
    assert bind(query, 7, style) == Statement(sql, parameters)


def test_counts_what_a_statement_gives_also_with_a_comment_at_its_end():
    database = sqlite3.connect(":memory:")
    statement = counting(bind("SELECT 1 WHERE 5 >= :since -- all", 3, "qmark"))
    assert database.execute(*statement).fetchone() == (1,)


def test_value_of_since_is_never_later_than_since():
    moment = datetime.datetime(2026, 9, 7, 2, tzinfo=UTC)
    assert since_value(AT, None, False) == moment
    london = parse_zone("Europe/London")
    assert since_value(AT, london, False) == datetime.datetime(2026, 9, 7, 3)
    text = since_value(AT, None, True)
    assert text == "2026-09-07 02:00:00"
    for row in ("2026-09-07T02:00:00Z", "2026-09-07 02:00:00.000", "2026-09-07T02:00:00+00:00"):
        assert row >= text
    assert "2026-09-07T01:59:59Z" < "2026-09-07T02" and since_value(
        TimePoint(-62_135_510_400), None, True
    ).startswith("0001-01-02")


def test_clocks_that_are_put_back_hide_no_row():
    """Half an hour before London's clocks go from 2:00 back to 1:00, rows of 1:00 are to come."""
    before = TimePoint(int(datetime.datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()))
    value = since_value(before, parse_zone("Europe/London"), False)
    assert value == datetime.datetime(2026, 10, 25, 1, 0)
    after = TimePoint(before.seconds + 7_200)
    value = since_value(after, parse_zone("Europe/London"), False)
    assert value == datetime.datetime(2026, 10, 25, 2, 30)


def test_paramstyle_is_that_of_the_module_or_of_one_above():
    class Connection:
        pass

    class Module:
        paramstyle = "pyformat"

    Connection.__module__ = "snowflake.connector.connection"
    modules = {"snowflake": object(), "snowflake.connector": Module()}
    assert paramstyle_of(Connection(), modules) == ("pyformat", "snowflake.connector")
    with pytest.raises(UsageError, match="paramstyle"):
        paramstyle_of(Connection(), {})
