"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from typing import Callable

from peaksync import limits


class Backoff:
    """Full jitter: anything up to a bound that doubles. Pure but for `uniform`, 0 to 1."""

    def __init__(
        self,
        uniform: Callable[[], float] = random.SystemRandom().random,
        least: float = limits.BACKOFF_MIN,
        most: float = limits.BACKOFF_MAX,
    ) -> None:
        self._uniform, self._least, self._most = uniform, least, most
        self._bound = least

    def next(self) -> float:
        """Seconds to wait."""
        wait = self._uniform() * self._bound
        self._bound = min(2 * self._bound, self._most)
        return wait

    def reset(self) -> None:
        """After progress."""
        self._bound = self._least
