"""Tries values again that were refused before, ahead of a sync's own rows."""

from __future__ import annotations

import logging
import time
from typing import Any, Dict

from peaksync import limits
from peaksync._proto import sync_service_pb2
from peaksync.channel import Channel
from peaksync.delivery import trouble_of
from peaksync.errors import ExitStatus, PeakSyncError
from peaksync.progress import Progress
from peaksync.pusher import PushSettings
from peaksync.result import PushResult, Selection, status_of_run
from peaksync.waiting import wait_error, wait_for_run

_log = logging.getLogger("peaksync")


class Retries:
    """The retries of one sync. `by_braze`: also what Braze itself had refused."""

    def __init__(
        self, channel: Channel, settings: PushSettings, chosen: Selection, by_braze: bool
    ) -> None:
        self._channel, self._settings, self._chosen = channel, settings, chosen
        self._by_braze = by_braze
        self._deadline = time.monotonic() + settings.timeout
        self._runs: Dict[str, Any] = {}

    def start(self) -> None:
        """Rules may have been mended since, or a time has come that was too far ahead."""
        request = sync_service_pb2.RetryRejectionsRequest()
        request.filter.source = self._settings.source
        if not self._by_braze:
            request.filter.kind = sync_service_pb2.REJECTION_KIND_VALIDATION
        for _ in range(limits.REJECTIONS_RETRY_CALLS_MAX):
            try:
                answer = self._channel.call("RetryRejections", request, limits.CHANGE_DEADLINE)
            except PeakSyncError as error:
                if error.code == "NOT_FOUND":  # The source has no run yet.
                    return
                if error.code == "PERMISSION_DENIED" and not self._by_braze:
                    _log.info("rejected values are not tried again: the token may push only")
                    return
                raise
            self._chosen.retried += answer.retried
            self._runs.update((run.run_id, run) for run in answer.runs)
            request.page_token = answer.next_page_token
            if not answer.next_page_token:
                return

    def wait(self, result: PushResult) -> None:
        """Until Braze has answered them too. What nobody asked for is no reason for status 3."""
        if not self._settings.wait or result.error is not None:
            self._count()
            return
        for run_id, run in self._runs.items():
            try:
                self._runs[run_id], end = wait_for_run(
                    self._channel, run, self._deadline, self._settings.pause_timeout, self._show
                )
                error = wait_error(end, self._runs[run_id], self._settings.pause_timeout)
            except PeakSyncError as problem:
                error = problem
            if result.error is None and error is not None:
                result.error, result.exit_status = error, error.exit_status
        self._count()
        allowed = self._settings.allow_rejections or not self._by_braze
        for run in self._runs.values():
            if result.exit_status == ExitStatus.DONE:
                result.exit_status = status_of_run(run, 0, allowed)

    def _count(self) -> None:
        for run in self._runs.values():
            self._chosen.refused_again += run.values.invalid + run.values.rejected

    def _show(self, run: Any, trouble: str) -> None:
        if self._settings.progress is not None:
            state = Progress("waiting", trouble=trouble or trouble_of(run.delivery))
            state.values_received = run.values.received
            state.values_pending = run.values.pending
            self._settings.progress(state)
