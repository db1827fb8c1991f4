"""A run through broken streams, with a link that is played by the test. Nothing sleeps."""

import collections

import pytest

from peaksync import limits
from peaksync._proto import sync_run_pb2, sync_service_pb2 as messages
from peaksync.backoff import Backoff
from peaksync.channel import End
from peaksync.errors import NeedsPersonError, NotFinishedError, PeakSyncError, error_of
from peaksync.stream import Observer, UpdateStream

BROKEN = End("UNAVAILABLE", "Connection reset")


class FakeChannel:
    address, tls = "127.0.0.1:7443", False

    def explain(self, end):
        return error_of(end.code, end.details)


class Service:
    """Answers each message at once, as the script says; keeps what is durable."""

    def __init__(self):
        self.script = collections.deque()  # Of each stream: after how many messages it breaks.
        self.streams = []
        self.durable = 0
        self.loses_acks = False
        self.finished = 0
        self.time = 0.0
        self.sleeps = []

    def open(self, _channel, _timeout):
        link = Link(self, self.script.popleft() if self.script else (None, BROKEN))
        self.streams.append(link)
        return link

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.time += seconds

    def stream(self, **options):
        self.acks, self.breaks = [], []
        observer = Observer(lambda started: None, self.acks.append, self.breaks.append)
        start = messages.StreamStart(source="churn", request_id="r")
        return UpdateStream(
            FakeChannel(),
            start,
            observer,
            deadline=options.pop("deadline", 1_000.0),
            connect_timeout=30.0,
            backoff=Backoff(lambda: 1.0),
            link=self.open,
            clock=lambda: self.time,
            sleep=self.sleep,
        )


class Link:
    def __init__(self, service, script):
        self.service, (self.left, self.end) = service, script
        self.sent, self.answers, self.closed = [], collections.deque(), False

    def write(self, request):
        self.sent.append(request)
        if self.left is not None and self.left <= 0:
            return
        service, kind = self.service, request.WhichOneof("message")
        answer = messages.StreamUpdatesResponse()
        if kind == "start":
            answer.started.run_id = "RUN"
            answer.started.next_sequence = service.durable + 1
        elif kind == "batch":
            assert request.batch.sequence <= service.durable + 1, "a gap"
            service.durable = max(service.durable, request.batch.sequence)
            answer.ack.sequence = service.durable
        else:
            service.finished += 1
            answer.finished.run.run_id = "RUN"
            answer.finished.run.state = sync_run_pb2.SYNC_RUN_STATE_RECEIVED
        if self.left is not None:
            self.left -= 1
        if not (service.loses_acks and kind == "batch"):
            self.answers.append(answer)

    def writes_done(self):
        pass

    def next(self, wait):
        if self.answers:
            return self.answers.popleft()
        if self.left is not None and self.left <= 0:
            return self.end
        if wait > 0:  # Nothing will come: time passes.
            self.service.time += wait
        return None

    def close(self):
        self.closed = True


def push(stream, batches=20):
    stream.open()
    for _ in range(batches):
        stream.send(messages.StreamUpdatesRequest())
    return stream.finish()


def sequences(link):
    return [m.batch.sequence for m in link.sent if m.WhichOneof("message") == "batch"]


def test_sends_everything_once_where_nothing_breaks():
    service = Service()
    assert push(service.stream()).run_id == "RUN"
    assert sequences(service.streams[0]) == list(range(1, 21))
    assert service.streams[0].closed and service.sleeps == []


@pytest.mark.parametrize("first", range(1, 24))
def test_goes_on_wherever_the_stream_breaks(first):
    service = Service()
    service.script.append((first, BROKEN))
    assert push(service.stream()).run_id == "RUN"
    assert service.durable == 20 and service.finished in (1, 2)
    if first < 22:  # Later it has all that it needs.
        again = service.streams[1].sent[0].start
        assert (again.run_id, again.request_id) == ("RUN", "")
        assert len(service.breaks) == 1


def test_keeps_at_most_a_window_and_sends_it_again():
    service = Service()
    service.loses_acks = True
    stream = service.stream()
    stream.open()
    for _ in range(limits.UNACKED_BATCHES_MAX - 1):
        stream.send(messages.StreamUpdatesRequest())
    service.streams[0].left = 0  # It breaks, and the next one acknowledges.
    service.loses_acks = False
    stream.send(messages.StreamUpdatesRequest())
    assert sequences(service.streams[1])[:7] == list(range(1, 8))


def test_window_that_stays_full_ends_with_the_deadline():
    service = Service()
    service.loses_acks = True
    with pytest.raises(NotFinishedError, match="timeout is over") as caught:
        push(service.stream(deadline=10.0))
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert len(sequences(service.streams[0])) == limits.UNACKED_BATCHES_MAX


def test_finish_waits_until_everything_is_acknowledged():
    """Else a lost answer to it would lose the list of invalid updates."""
    service = Service()
    service.loses_acks = True
    with pytest.raises(NotFinishedError):
        push(service.stream(deadline=10.0), batches=3)
    assert service.finished == 0


def test_waits_longer_and_longer_and_gives_up_a_service_that_was_never_there():
    service = Service()
    service.script.extend([(0, BROKEN)] * 100)
    with pytest.raises(NotFinishedError, match="Connection reset"):
        service.stream().open()
    assert service.sleeps[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert service.time <= 30.0
    assert {link.sent[0].start.request_id for link in service.streams} == {"r"}


def test_refusal_of_the_service_ends_it_at_once():
    service = Service()
    service.script.append((5, End("FAILED_PRECONDITION", "too many invalid values")))
    with pytest.raises(NeedsPersonError, match="too many"):
        push(service.stream())
    assert len(service.streams) == 1


def test_odd_breaks_are_mended_five_times_in_a_row_at_most():
    service = Service()
    service.script.extend([(1, End("INTERNAL", "RST_STREAM"))] * 50)
    with pytest.raises(PeakSyncError, match="RST_STREAM"):
        push(service.stream())
    assert len(service.streams) == limits.ODD_BREAKS_MAX
    service = Service()
    service.script.extend([(2, End("INTERNAL", "RST_STREAM"))] * 19)  # Each brings a batch home.
    assert push(service.stream()).run_id == "RUN"


def test_early_end_without_an_error_is_a_break():
    service = Service()
    service.script.append((4, End("OK", "")))
    assert push(service.stream()).run_id == "RUN"
    assert len(service.streams) == 2


def test_service_that_forgot_what_it_acknowledged_is_told_so():
    service = Service()
    stream = service.stream()
    stream.open()
    for _ in range(5):
        stream.send(messages.StreamUpdatesRequest())
    assert len(service.acks) == 5
    service.streams[0].left = service.durable = 0
    with pytest.raises(NotFinishedError, match="was its ledger replaced") as caught:
        stream.finish()
    assert caught.value.code == "ABORTED"


def test_message_that_does_not_belong_here_is_an_error():
    service = Service()
    stream = service.stream()
    stream.open()
    early = messages.StreamUpdatesResponse()
    early.finished.run.run_id = "RUN"
    service.streams[0].answers.append(early)
    with pytest.raises(PeakSyncError, match="does not belong"):
        stream.send(messages.StreamUpdatesRequest())
