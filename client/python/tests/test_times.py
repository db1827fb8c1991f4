import datetime

import pytest

from peaksync.errors import UsageError
from peaksync.times import (
    UTC,
    BadTime,
    TimePoint,
    duration_text,
    format_time,
    from_datetime,
    parse_duration,
    parse_time,
    parse_zone,
    to_datetime,
)

AT = 1_788_746_400  # 2026-09-07T02:00:00Z


@pytest.mark.parametrize(
    "text, nanos",
    [
        ("2026-09-07T02:00:00Z", 0),
        ("2026-09-07 04:00:00+02:00", 0),
        ("2026-09-07 04:00:00 +0200", 0),
        ("2026-09-06T21:00:00-05", 0),
        ("2026-09-07t02:00:00.5z", 500_000_000),
        ("2026-09-07T02:00:00.123456789Z", 123_456_789),
    ],
)
def test_reads_rfc_3339_with_a_zone(text, nanos):
    assert parse_time(text) == TimePoint(AT, nanos)


@pytest.mark.parametrize(
    "text, words",
    [
        ("2026-09-07T02:00:00", "no zone"),
        ("2026-05-17", "date without"),
        ("yesterday", "not a time"),
        ("2026-02-30T02:00:00Z", "no such day"),
        ("2026-09-07T24:00:00Z", "no such day"),
        ("2026-09-07T02:00:00.1234567890Z", "1 to 9 digits"),
        ("2026-09-07T02:00:00Z!", "text follows"),
        ("2026-09-07T02:00:00+24:00", "zone"),
        ("٢٠٢٦-09-07T02:00:00Z", "not a time"),
    ],
)
def test_says_what_is_missing_and_never_repeats_the_text(text, words):
    with pytest.raises(BadTime) as caught:
        parse_time(text)
    assert words in str(caught.value)
    assert text not in str(caught.value)


def test_naive_times_are_of_the_zone_that_was_given():
    summer = datetime.datetime(2026, 9, 7, 3)
    assert from_datetime(summer, parse_zone("Europe/London")) == TimePoint(AT)
    assert parse_time("2026-09-07 03:00:00", parse_zone("+01:00")) == TimePoint(AT)
    with pytest.raises(BadTime, match="timezone="):
        from_datetime(summer)


def test_zone_of_pytz_is_used_as_pytz_wants_it():
    pytz = pytest.importorskip("pytz")
    naive = datetime.datetime(2026, 9, 7, 3)
    assert from_datetime(naive, pytz.timezone("Europe/London")) == TimePoint(AT)


def test_timestamps_keep_their_nanoseconds():
    pandas = pytest.importorskip("pandas")
    for text in ("2026-09-07T02:00:00.123456789Z", "2026-09-07T04:00:00.123456789+02:00"):
        assert from_datetime(pandas.Timestamp(text)) == TimePoint(AT, 123_456_789)
    early = pandas.Timestamp("1900-01-01T00:00:00.000000001Z")
    assert from_datetime(early) == TimePoint(-2_208_988_800, 1)
    naive = pandas.Timestamp("2026-09-07 03:00:00.5")
    assert from_datetime(naive, parse_zone("Europe/London")) == TimePoint(AT, 500_000_000)


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "../etc/passwd", ""])
def test_unknown_zone_is_a_usage_error(zone):
    with pytest.raises(UsageError, match="timezone"):
        parse_zone(zone)


def test_writes_what_it_reads():
    for text in ("2026-09-07T02:00:00Z", "1969-12-31T23:59:59.5Z", "0001-01-01T00:00:00Z"):
        assert format_time(parse_time(text)) == text
    assert to_datetime(TimePoint(AT)) == datetime.datetime(2026, 9, 7, 2, tzinfo=UTC)


def test_durations():
    assert parse_duration("1h30m", "timeout") == 5_400
    assert parse_duration("200ms", "timeout") == 0.2
    assert parse_duration(datetime.timedelta(days=1), "lookback") == 86_400
    assert parse_duration(0.5, "timeout") == 0.5
    for bad in ("", "1", "h", "1w", -1, True, float("nan"), "99999999d"):
        with pytest.raises(UsageError, match="timeout: a duration"):
            parse_duration(bad, "timeout")
    texts = [duration_text(seconds) for seconds in (0.34, 12.34, 247, 7_500)]
    assert texts == ["340 ms", "12.3 s", "4 min 07 s", "2 h 05 min"]
