"""Tells of rows that were not taken, and of values that Braze refused."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, Optional

from peaksync import limits
from peaksync._proto import sync_service_pb2
from peaksync.channel import Channel
from peaksync.errors import PeakSyncError
from peaksync.result import PushResult, rejection_document
from peaksync.rows import RefusedRow

_log = logging.getLogger("peaksync")


class RefusalLog:
    """The first refused rows go to the log, more of them to the result, all to a callback."""

    def __init__(
        self,
        result: PushResult,
        file: Optional[str],
        on_refused: Optional[Callable[[RefusedRow, Optional[Dict[str, Any]]], None]],
    ) -> None:
        self._result, self._file, self._on_refused = result, file, on_refused
        self._shown = 0
        self._unlisted = 0

    def add(self, row: RefusedRow, cells: Optional[Dict[str, Any]]) -> None:
        if self._on_refused is not None:
            self._on_refused(row, cells)
        if len(self._result.refused_rows) < limits.REFUSED_LISTED_MAX:
            self._result.refused_rows.append(row)
        else:
            self._result.refused_rows_omitted += 1
        if self._shown < limits.REFUSED_SHOWN_MAX:
            self._shown += 1
            place = f"{self._file}:{row.line}" if self._file else f"row {row.line}"
            column = f"column {row.column}: " if row.column else ""
            _log.warning("%s: %s%s", place, column, row.reason)

    def add_unlisted(self, count: int) -> None:
        """Rows that the service counted without naming them."""
        self._unlisted += count
        self._result.refused_rows_omitted += count

    def close(self) -> None:
        more = len(self._result.refused_rows) + self._result.refused_rows_omitted - self._shown
        if more > 0:
            _log.warning("… and %s more refused rows", f"{more:,}")
        if self._unlisted:
            _log.warning("(the service counted %s of them without naming them)", self._unlisted)


def read_braze_refusals(
    channel: Channel,
    run: Any,
    result: PushResult,
    on_refusal: Optional[Callable[[Dict[str, Any]], None]],
) -> None:
    """What Braze refused of the run: the first into the result, all to the callback."""
    request = sync_service_pb2.ListRejectionsRequest(page_size=limits.REJECTIONS_PAGE_SIZE)
    request.filter.run_id = run.run_id
    request.filter.kind = sync_service_pb2.REJECTION_KIND_BRAZE
    count = 0
    try:
        for page in channel.pages("ListRejections", request):
            for rejection in page.rejections:
                count += 1
                if on_refusal is not None:
                    on_refusal(rejection_document(rejection))
                if len(result.braze_refusals) < limits.BRAZE_REFUSALS_LISTED_MAX:
                    result.braze_refusals.append(rejection_document(rejection))
            if on_refusal is None and count >= limits.BRAZE_REFUSALS_LISTED_MAX:
                count = run.values.rejected  # The others, by the run's count.
                break
    except PeakSyncError as error:
        _log.warning(
            "Braze refused %s values of the run, but which ones could not be read (%s); `peaksync "
            "rejections list --run %s` shows them",
            f"{run.values.rejected:,}",
            error.message,
            run.run_id,
        )
    result.braze_refusals_omitted = max(0, count - len(result.braze_refusals))
