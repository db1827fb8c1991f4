"""Waiting for a run, with watches that are played by the test. Nothing sleeps for long."""

import collections
import time

import pytest

from peaksync import limits, waiting
from peaksync._proto import sync_run_pb2
from peaksync.channel import End


def run_of(state):
    return sync_run_pb2.SyncRun(run_id="RUN", source="churn", state=f"SYNC_RUN_STATE_{state}")


@pytest.fixture
def watches(monkeypatch):
    """(what each watch gives, those that were opened). One that has no more to give is silent."""
    scripts, opened = collections.deque(), []

    class Watch:
        def __init__(self, _channel, run_id, _timeout):
            assert run_id == "RUN"
            opened.append(self)
            self.news, self.closed = collections.deque(scripts.popleft()), False

        def next(self, wait):
            if self.news:
                return self.news.popleft()
            time.sleep(min(wait, 0.001))
            return None

        def close(self):
            self.closed = True

    monkeypatch.setattr(waiting, "RunWatch", Watch)
    monkeypatch.setattr(limits, "WATCH_SILENCE_MAX", 0.01)
    monkeypatch.setattr(limits, "BACKOFF_MIN", 0.001)
    return scripts, opened


def wait(seconds=20.0):
    told = []
    run, end = waiting.wait_for_run(
        None, run_of("RECEIVED"), time.monotonic() + seconds, 30.0, lambda *news: told.append(news)
    )
    return run, end, [trouble for _, trouble in told if trouble]


def test_ends_with_the_run(watches):
    scripts, opened = watches
    scripts.append([run_of("RECEIVED"), run_of("COMPLETED")])
    run, end, troubles = wait()
    assert (run.state, end, troubles) == (run_of("COMPLETED").state, "done", [])
    assert opened[0].closed


def test_watch_that_is_silent_is_asked_anew(watches):
    """News that were lost on the way do not make a step wait for ever."""
    scripts, opened = watches
    scripts.extend([[run_of("RECEIVED")], [], [run_of("COMPLETED")]])
    run, end, troubles = wait()
    assert (run.state, end, troubles) == (run_of("COMPLETED").state, "done", [])
    assert [watch.closed for watch in opened] == [True] * 3


def test_broken_watch_is_mended_and_says_so(watches):
    watches[0].extend([[End("UNAVAILABLE", "gone")], [run_of("COMPLETED")]])
    _, end, troubles = wait()
    assert end == "done" and "out of reach" in troubles[0]


def test_ends_in_time(watches):
    watches[0].extend([[]] * 1_000)
    run, end, _ = wait(seconds=0.05)
    assert (run.state, end) == (run_of("RECEIVED").state, "timed out")
