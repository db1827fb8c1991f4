"""How far a push or sync is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Optional, TextIO

from peaksync import limits
from peaksync.times import duration_text


@dataclass
class Progress:
    """Handed to the callback of push() and sync(), again and again. Copy what you keep."""

    phase: str = "sending"  # Then "waiting": for Braze's answers.
    rows_read: int = 0
    rows_total: Optional[int] = None  # None: not known.
    updates_received: int = 0  # By the service, durably.
    values_received: int = 0
    values_pending: int = 0  # Of them, without Braze's answer.
    trouble: str = ""  # Why it does not go on at the moment.
    elapsed: float = 0.0  # Seconds.

    def percent(self) -> Optional[int]:
        done, total = self.rows_read, self.rows_total
        if self.phase == "waiting":
            done, total = self.values_received - self.values_pending, self.values_received
        return None if not total else max(0, min(100, 100 * done // total))

    def __str__(self) -> str:
        percent = self.percent()
        share = "" if percent is None else f"{percent} %, "
        trouble = f"; {self.trouble}" if self.trouble else ""
        if self.phase == "waiting":
            return (
                f"waiting for Braze: {share}{self.values_pending:,} of {self.values_received:,} "
                f"values left, {duration_text(self.elapsed)}{trouble}"
            )
        rate = int(self.rows_read / max(self.elapsed, 0.001))
        return (
            f"sending: {share}{self.rows_read:,} rows read, {self.updates_received:,} received, "
            f"{rate:,} rows/s{trouble}"
        )


ProgressCallback = Callable[[Progress], None]


class Console:
    """Progress on standard error: a line that is rewritten on a terminal, plain lines elsewhere."""

    def __init__(
        self,
        out: TextIO,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out, self._quiet, self._clock = out, quiet, clock
        self._is_bar = out.isatty()
        self._next: Optional[float] = None
        self._shown = False

    def show(self, progress: Progress) -> None:
        if self._quiet:
            return
        now = self._clock()
        interval = limits.BAR_INTERVAL if self._is_bar else limits.PLAIN_INTERVAL
        if self._next is None:  # The first plain line only after an interval.
            self._next = now if self._is_bar else now + interval
        if now < self._next:
            return
        self._next = now + interval
        if self._is_bar:
            self._out.write(f"\r{progress}\x1b[K")
            self._shown = True
        else:
            self._out.write(f"{progress}\n")
        self._out.flush()

    def say(self, text: str) -> None:
        self.clear()
        self._out.write(text + "\n")
        self._out.flush()

    def clear(self) -> None:
        if self._shown:
            self._out.write("\r\x1b[K")
            self._shown = False
