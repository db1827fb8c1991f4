"""A run through any number of streams: window, acknowledgements, reconnect, resume.

The same behaviour as the C++ client's (client/README.md, "How a push survives").
"""

from __future__ import annotations

import collections
import time
from typing import Any, Callable, Deque, NamedTuple, Optional

from peaksync import limits
from peaksync._proto import sync_service_pb2 as messages
from peaksync.backoff import Backoff
from peaksync.channel import Channel, End
from peaksync.errors import NotFinishedError, PeakSyncError, error_of
from peaksync.stream_link import StreamLink

# Breaks that the service or the network causes and that another attempt may mend. A stream that
# ends with OK before `finished` was cut by something in between.
_PLAIN_BREAKS = ("OK", "UNAVAILABLE", "CANCELLED")
# The same, but seldom: proxies, and crashes that look like bugs.
_ODD_BREAKS = ("INTERNAL", "UNKNOWN", "RESOURCE_EXHAUSTED")


class Observer(NamedTuple):
    """Who is told what happens."""

    on_started: Callable[[Any], None]
    on_ack: Callable[[Any], None]
    on_break: Callable[[End], None]


class UpdateStream:
    """One run. Keeps every batch until it is acknowledged. Not thread-safe; must be closed.

    `deadline` and what follows from it are of time.monotonic.
    """

    def __init__(
        self,
        channel: Channel,
        start: Any,
        observer: Observer,
        deadline: float,
        connect_timeout: float,
        backoff: Optional[Backoff] = None,
        link: Callable[[Channel, Optional[float]], Any] = StreamLink,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channel, self._start, self._observer = channel, start, observer
        self._deadline, self._connect_timeout = deadline, connect_timeout
        self._backoff = backoff or Backoff()
        self._open_link, self._clock, self._sleep = link, clock, sleep
        self._link: Any = None  # None while there is no connection.
        self._first_answer_by = deadline
        # Without an acknowledgement, oldest first; the first `_written` went out on this link.
        self._unacked: Deque[Any] = collections.deque()
        self._written = 0
        self._odd_breaks = 0
        self._last_break = End("OK", "")
        self._back_pressure = ""
        self._finish: Any = None
        self._finish_is_written = False  # On this link.
        self._finished: Any = None
        self.finish_was_sent = False  # Ever.
        self.next_sequence = 1
        self.run_id = ""

    def open(self) -> None:
        """Opens the run. Raises when the service can't be reached in time, or refuses."""
        self._first_answer_by = min(self._deadline, self._clock() + self._connect_timeout)
        self._connect()

    def send(self, request: Any) -> None:
        """Takes a request with a batch over; returns when the window has room for the next."""
        request.batch.sequence = self.next_sequence
        self.next_sequence += 1
        self._unacked.append(request)
        self._drive(lambda: len(self._unacked) < limits.UNACKED_BATCHES_MAX)

    def finish(self, cursor: Any = None) -> Any:
        """Ends the run once everything is acknowledged; the run, as RECEIVED."""
        self._finish = messages.StreamUpdatesRequest(finish=messages.StreamFinish(cursor=cursor))
        self._drive(lambda: self._finished is not None)
        self._let_it_end()
        return self._finished

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _drive(self, done: Callable[[], bool]) -> None:
        """The one place that decides what happens next, until `done`."""
        while True:
            if self._link is None:
                self._connect()
            may_write = self._written < len(self._unacked) or self._finish_is_due()
            wait = 0.0 if may_write or done() else self._deadline - self._clock()
            answer = self._link.next(wait)
            if isinstance(answer, End):
                self._mend(answer, self._deadline)
            elif answer is not None:
                self._take(answer)
                if self._finished is not None:
                    return  # The end that follows it is no break.
            elif self._written < len(self._unacked):
                self._link.write(self._unacked[self._written])
                self._written += 1
            elif self._finish_is_due():
                self._finish_is_written = self.finish_was_sent = True
                self._link.write(self._finish)
                self._link.writes_done()
            elif done():
                return
            elif self._clock() >= self._deadline:
                raise self._timed_out()

    def _finish_is_due(self) -> bool:
        # Only when all is acknowledged: so a lost answer to it loses no list of invalid updates.
        return self._finish is not None and not self._finish_is_written and not self._unacked

    def _let_it_end(self) -> None:
        """The service closes the stream by itself; a moment for that, and no more."""
        limit = self._clock() + limits.GOODBYE_WAIT
        while not isinstance(self._link.next(limit - self._clock()), (End, type(None))):
            pass
        self.close()

    def _take(self, answer: Any) -> None:
        kind = answer.WhichOneof("message")
        if kind == "ack":
            self._take_ack(answer.ack)
        elif kind == "finished" and self._finish_is_written:
            self._finished = answer.finished.run
        else:
            raise error_of("INTERNAL", "the service sent a message that does not belong here")

    def _take_ack(self, ack: Any) -> None:
        while self._written > 0 and self._unacked[0].batch.sequence <= ack.sequence:
            self._unacked.popleft()
            self._written -= 1
            self._backoff.reset()
            self._odd_breaks = 0
        self._back_pressure = ack.back_pressure
        self._observer.on_ack(ack)

    def _connect(self) -> None:
        """Opens a stream and the run, again and again until the limit."""
        while True:
            limit = self._deadline if self.run_id else self._first_answer_by
            self._link = self._open_link(self._channel, max(0.0, self._deadline - self._clock()))
            self._written, self._finish_is_written = 0, False
            start = messages.StreamStart()
            start.CopyFrom(self._start)
            if self.run_id:
                start.run_id = self.run_id
                start.request_id = ""
            self._link.write(messages.StreamUpdatesRequest(start=start))
            answer = self._link.next(limit - self._clock())
            if answer is None:
                self.close()
                raise self._out_of_reach()
            if not isinstance(answer, End):
                self._started(answer)
                return
            self._mend(answer, limit)

    def _started(self, answer: Any) -> None:
        started = answer.started
        if answer.WhichOneof("message") != "started" or not started.run_id:
            raise error_of("INTERNAL", "the service did not answer `start` with `started`")
        first = self.next_sequence - len(self._unacked)
        if started.next_sequence < first:
            raise error_of(
                "ABORTED",
                f"the service expects batch {started.next_sequence} of run {started.run_id}, "
                f"though it acknowledged all before {first}; was its ledger replaced? Push again "
                "to send everything",
            )
        if started.next_sequence > self.next_sequence:
            raise error_of(
                "ABORTED",
                f"run {started.run_id} has batches that are not of this push; another one writes "
                "to it",
            )
        self.run_id = started.run_id
        self._observer.on_started(started)

    def _mend(self, why: End, limit: float) -> None:
        """The stream ended too early: decides whether to try again, and waits before it."""
        self.close()
        if self._clock() >= self._deadline:
            raise self._timed_out()
        if why.code not in _PLAIN_BREAKS:
            self._odd_breaks += 1
            if why.code not in _ODD_BREAKS or self._odd_breaks >= limits.ODD_BREAKS_MAX:
                raise self._channel.explain(why)
        self._last_break = why
        self._observer.on_break(why)
        wait = self._backoff.next()
        if self._clock() + wait >= limit:
            raise self._out_of_reach()
        self._sleep(wait)

    def _timed_out(self) -> NotFinishedError:
        why = self._back_pressure
        why = f" (the service reads no further: {why})" if why else ""
        return NotFinishedError(
            f"the time of timeout is over before all was sent{why}; push again, what is there is "
            "not sent twice",
            "DEADLINE_EXCEEDED",
        )

    def _out_of_reach(self) -> PeakSyncError:
        if self.run_id:
            return self._timed_out()
        details = self._last_break.details or "no answer to the start of the stream"
        return self._channel.explain(End("UNAVAILABLE", details))
