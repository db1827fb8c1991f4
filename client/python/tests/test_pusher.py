"""A push around a stream that is played by the test."""

import pytest

from peaksync import limits, pusher
from peaksync._proto import customer_pb2, sync_run_pb2, sync_service_pb2
from peaksync.channel import End
from peaksync.errors import error_of
from peaksync.options import Service
from peaksync.pusher import PushJob, PushSettings
from peaksync.rows import RefusedRow, Row
from peaksync.selection import NewestTime
from peaksync.times import TimePoint


def run_of(state):
    return sync_run_pb2.SyncRun(run_id="RUN", source="churn", state=f"SYNC_RUN_STATE_{state}")


def row(line, text="x", seconds=None):
    update = customer_pb2.CustomerUpdate()
    update.customer.external_id = str(line)
    update.attributes.add(name="a").value.string_value = text
    if seconds is not None:
        update.updated_at.seconds = seconds
    return Row(line, update, None, None)


class FakeChannel:
    address, service = "127.0.0.1:7443", Service(tenant="acme")

    def __init__(self):
        self.run, self.sources = run_of("COMPLETED"), []

    def get_run(self, _run_id):
        return self.run

    def pages(self, method, _request):
        assert method == "ListSources"
        yield sync_service_pb2.ListSourcesResponse(sources=self.sources)


class FakeStream:
    """Takes what it is given; `fails` raises where it says so."""

    made = None

    def __init__(self, _channel, start, observer, deadline, connect_timeout):
        FakeStream.made = self
        self.start, self.observer, self.deadline = start, observer, deadline
        self.batches, self.cursor, self.closed = [], None, False
        self.run_id, self.next_sequence, self.finish_was_sent = "", 1, False

    fails = {}

    def step(self, name):
        if name in self.fails:
            raise self.fails[name]

    def open(self):
        self.step("open")
        self.run_id = "RUN"

    def send(self, request):
        self.step("send")
        self.next_sequence += 1
        self.batches.append(request.batch)

    def finish(self, cursor):
        self.finish_was_sent, self.cursor = True, cursor
        self.step("finish")
        return run_of("RECEIVED")

    def close(self):
        self.closed = True


@pytest.fixture
def push(monkeypatch):
    """push(rows, fails={}, channel=…, **settings): (result, stream)."""
    monkeypatch.setattr(pusher, "UpdateStream", FakeStream)

    def wait(_channel, run, _deadline, _pause, _on_news):
        return run_of("COMPLETED"), "done"

    monkeypatch.setattr(pusher, "wait_for_run", wait)

    def run(rows, fails=None, channel=None, **settings):
        FakeStream.fails = fails or {}
        settings = PushSettings(**{"source": "churn", "id_column": "id", **settings})
        result = PushJob(channel or FakeChannel(), settings, rows).run()
        assert FakeStream.made.closed
        return result, FakeStream.made

    return run


def sizes(stream):
    return [len(batch.updates) for batch in stream.batches]


def test_batches_are_bounded_by_updates_and_bytes(push):
    result, stream = push([row(n) for n in range(25)], batch_size=10)
    assert (sizes(stream), result.rows.sent, result.exit_status) == ([10, 10, 5], 25, 0)
    size = row(1).update.ByteSize() + limits.UPDATE_OVERHEAD_BYTES
    _, stream = push([row(n) for n in range(9)], batch_bytes_max=3 * size)
    assert sizes(stream) == [3, 3, 3]
    assert stream.start.expected_tenant == "acme"


def test_update_larger_than_a_batch_is_refused(push):
    result, stream = push([row(1), row(2, "x" * 1_000), row(3)], batch_bytes_max=500)
    assert sizes(stream) == [2]
    assert result.refused_rows == [RefusedRow(2, "", "larger than 500 bytes")]
    assert result.exit_status == 3


def test_rows_are_counted_by_what_became_of_them(push):
    refused = Row(2, None, RefusedRow(2, "a", "why"), {"a": 1})
    told = []
    result, _ = push(
        [row(1), refused, Row(3, None, None, None)], on_refused=lambda *what: told.append(what)
    )
    rows = result.rows
    assert (rows.read, rows.sent, rows.invalid, rows.without_values) == (3, 1, 1, 1)
    assert told == [(refused.refused, {"a": 1})]


def test_cursor_is_the_newest_time_that_was_sent(push):
    _, stream = push([row(1, seconds=5), row(2, seconds=9)], newest=NewestTime())
    assert stream.cursor.seconds == 9
    _, stream = push([row(1)], newest=NewestTime(), updated_at=TimePoint(7))
    assert stream.cursor.seconds == 7
    _, stream = push([], newest=NewestTime(), updated_at=TimePoint(7))
    assert stream.cursor is None


@pytest.mark.parametrize("state, status", [("RECEIVED", 0), ("COMPLETED", 0)])
def test_lost_answer_to_finish_is_no_error(push, state, status):
    """The run that is resumed has ended already: FAILED_PRECONDITION, and all is well."""
    channel = FakeChannel()
    channel.run = run_of(state)
    ended = error_of("FAILED_PRECONDITION", "the run has ended")
    result, _ = push([row(1)], {"finish": ended}, channel)
    assert (result.exit_status, result.error) == (status, None)


@pytest.mark.parametrize(
    "step, state, status",
    [("send", "RECEIVED", 5), ("finish", "FAILED", 5), ("finish", "ABANDONED", 1)],
)
def test_other_ends_of_the_stream_are_errors(push, step, state, status):
    channel = FakeChannel()
    channel.run = run_of(state)
    ended = error_of("FAILED_PRECONDITION", "the run has ended")
    result, _ = push([row(1)], {step: ended}, channel)
    assert (result.exit_status, result.error, result.run.state) == (status, ended, state)


def test_source_that_needs_everything_once_is_told_so(push):
    channel = FakeChannel()
    channel.sources = [sync_run_pb2.Source(name="churn", full_required="restored")]
    refused = error_of("FAILED_PRECONDITION", "the next run must be FULL")
    result, _ = push([row(1)], {"open": refused}, channel)
    assert "full=True" in result.error.message
    assert (result.exit_status, result.run) == (5, None)
    result, stream = push([row(1)], {"open": refused}, channel, full=True)
    assert "full=True" not in result.error.message
    assert stream.start.mode == sync_run_pb2.SYNC_MODE_FULL


def test_errors_of_the_rows_pass_and_leave_no_stream_behind(push):
    def rows():
        yield row(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        push(rows())
    assert FakeStream.made.closed


def test_back_pressure_and_breaks_are_told_once(push, caplog):
    told = []

    def rows():
        stream = FakeStream.made
        ack = sync_service_pb2.BatchAck(back_pressure="the disk is full")
        for _ in range(3):
            stream.observer.on_ack(ack)
            stream.observer.on_break(End("UNAVAILABLE", "reset"))
        stream.observer.on_started(sync_service_pb2.StreamStarted(run_id="RUN", tenant="acme"))
        yield row(1)

    result, _ = push(rows(), progress=lambda progress: told.append(str(progress)))
    assert result.tenant == "acme"
    assert any("the service reads no further now: the disk is full" in text for text in told)
    messages = [record.getMessage().split(" (")[0] for record in caplog.records]
    assert len(messages) == 3
    assert messages[1] == "the stream to 127.0.0.1:7443 broke"
    assert messages[2] == "connected again; run RUN goes on"
