"""Waits until Braze has answered all of a run."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Optional, Tuple, Union

import grpc

from peaksync import limits
from peaksync._proto import sync_service_pb2 as messages
from peaksync.backoff import Backoff
from peaksync.channel import Channel, End, end_of
from peaksync.delivery import blocked, delivery_state, trouble_of
from peaksync.errors import DeliveryPausedError, NotFinishedError, PeakSyncError
from peaksync.result import is_final, state_name
from peaksync.times import duration_text

_MAY_BE_MENDED = (
    "OK",
    "UNAVAILABLE",
    "CANCELLED",
    "INTERNAL",
    "UNKNOWN",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
)


class WaitPolicy:
    """Decides how long it makes sense to wait. Pure: time comes as an argument."""

    def __init__(self, deadline: float, pause_timeout: float) -> None:
        self._deadline, self._pause_timeout = deadline, pause_timeout
        self._paused_since: Optional[float] = None

    def judge(self, run: Any, now: float) -> Optional[str]:
        """`done`, `paused` or `timed out` by what was last heard; None: go on."""
        if is_final(state_name(run)):
            return "done"
        if delivery_state(run.delivery) != "PAUSED":
            self._paused_since = None
        elif self._paused_since is None:
            self._paused_since = now
        if self._paused_since is not None and now >= self._paused_since + self._pause_timeout:
            return "paused"
        return "timed out" if now >= self._deadline else None

    def next_change(self) -> float:
        """When the answer may change without news."""
        if self._paused_since is None:
            return self._deadline
        return min(self._deadline, self._paused_since + self._pause_timeout)


class RunWatch:
    """One WatchSyncRun with a thread that reads it and keeps the newest. Must be closed."""

    def __init__(self, channel: Channel, run_id: str, timeout: float) -> None:
        self._changed = threading.Condition()
        self._newest: Any = None  # Guarded by `_changed`, like `_end`.
        self._end: Optional[End] = None
        self._call = channel.stub.WatchSyncRun(
            messages.WatchSyncRunRequest(run_id=run_id), metadata=channel.metadata, timeout=timeout
        )
        self._thread = threading.Thread(target=self._read, name="peaksync-watch", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        end = End("OK", "")
        try:
            for response in self._call:
                with self._changed:
                    self._newest = response.run
                    self._changed.notify_all()
        except grpc.RpcError as error:
            end = end_of(error)
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def next(self, wait: float) -> Union[Any, End, None]:
        """The newest run, or the end; None when there is no news within `wait` seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest is not None or self._end is not None, max(0.0, wait)
            )
            news, self._newest = self._newest, None
            return news if news is not None else self._end

    def close(self) -> None:
        self._call.cancel()
        self._thread.join(limits.GOODBYE_WAIT)


def wait_error(end: str, run: Any, pause_timeout: float) -> Optional[PeakSyncError]:
    """Why the waiting did not come to the run's end, with the reason and how much waits."""
    advice = (
        ". Nothing is lost: the service goes on by itself; `python -m peaksync runs watch "
        f"{run.run_id}` waits for it"
    )
    if end == "paused":
        why = trouble_of(run.delivery)
        why = why[len("PAUSED: ") :] if why.startswith("PAUSED: ") else why
        return DeliveryPausedError(
            f"delivery to Braze has been paused for {duration_text(pause_timeout)}: {why}. "
            f"{run.delivery.waiting_values:,} values of {run.delivery.waiting_customers:,} "
            f"customers wait, {run.values.pending:,} of them of this run{advice}"
        )
    if end == "timed out":
        why = f" ({trouble_of(run.delivery)})" if blocked(run.delivery) else ""
        return NotFinishedError(
            f"the time of timeout is over and {run.values.pending:,} of {run.values.received:,} "
            f"values still wait for Braze{why}{advice}",
            "DEADLINE_EXCEEDED",
        )
    return None


def wait_for_run(
    channel: Channel,
    run: Any,
    deadline: float,
    pause_timeout: float,
    on_news: Callable[[Any, str], None],
) -> Tuple[Any, str]:
    """Watches a run until it is final, reconnecting as long as it takes: the run, and how it ended.

    A watch that is silent is asked anew, so that news that were lost on the way cost no more than
    that. `on_news` gets every state, and the reason where there is none. Raises what the service
    says, but for UNAVAILABLE. `deadline` is of time.monotonic.
    """
    policy, backoff = WaitPolicy(deadline, pause_timeout), Backoff()
    trouble, again, heard = "", 0.0, 0.0
    watch: Optional[RunWatch] = None
    try:
        while True:
            now = time.monotonic()
            on_news(run, trouble)
            end = policy.judge(run, now)
            if end is not None:
                return run, end
            wait = min(policy.next_change(), now + limits.TICK) - now
            if watch is None:
                if now < again:
                    time.sleep(max(0.0, min(wait, again - now)))
                    continue
                watch = RunWatch(channel, run.run_id, max(0.0, deadline - now))
                heard = now
            news = watch.next(min(wait, heard + limits.WATCH_SILENCE_MAX - now))
            if isinstance(news, End):
                if news.code not in _MAY_BE_MENDED:
                    raise channel.explain(news)
                trouble = "" if news.ok else "the service is out of reach, trying again"
                watch.close()
                watch = None
                again = time.monotonic() + max(backoff.next(), 0.001)
            elif news is not None:
                run, trouble, heard = news, "", time.monotonic()
                backoff.reset()
            elif time.monotonic() >= heard + limits.WATCH_SILENCE_MAX:
                watch.close()
                watch = None
    finally:
        if watch is not None:
            watch.close()
