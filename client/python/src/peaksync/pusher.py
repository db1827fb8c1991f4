"""Brings rows to the service and waits until Braze has answered."""

from __future__ import annotations

import itertools
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Optional

from google.protobuf import timestamp_pb2

from peaksync import limits
from peaksync._proto import sync_run_pb2, sync_service_pb2
from peaksync.channel import Channel, End
from peaksync.delivery import trouble_of
from peaksync.errors import ExitStatus, NeedsPersonError, PeakSyncError
from peaksync.places import PlaceBook
from peaksync.progress import Progress, ProgressCallback
from peaksync.refusals import RefusalLog, read_braze_refusals
from peaksync.result import PushResult, Run, Selection, state_name, status_of_run
from peaksync.rows import RefusedRow, Row
from peaksync.selection import NewestTime
from peaksync.stream import Observer, UpdateStream
from peaksync.times import TimePoint
from peaksync.waiting import wait_error, wait_for_run

_log = logging.getLogger("peaksync")


@dataclass
class PushSettings:
    """How a push goes about it. Durations are seconds."""

    source: str
    id_column: str
    time_column: Optional[str] = None
    client_name: str = ""
    file: Optional[str] = None
    full: bool = False
    updated_at: Optional[TimePoint] = None  # Of rows without a time; None: the service's clock.
    from_cursor: Optional[TimePoint] = None
    cursor: Optional[TimePoint] = None
    newest: Optional[NewestTime] = None  # The cursor is the newest time it has seen.
    batch_size: int = limits.BATCH_UPDATES_DEFAULT
    batch_bytes_max: int = limits.BATCH_BYTES_MAX
    wait: bool = True
    allow_rejections: bool = False
    timeout: float = limits.TIMEOUT
    pause_timeout: float = limits.PAUSE_TIMEOUT
    connect_timeout: float = limits.CONNECT_TIMEOUT
    progress: Optional[ProgressCallback] = None
    on_refused: Optional[Callable[[RefusedRow, Optional[Dict[str, Any]]], None]] = None
    on_braze_refusal: Optional[Callable[[Dict[str, Any]], None]] = None
    selection: Optional[Selection] = None


def timestamp(time_point: Optional[TimePoint]) -> Optional[timestamp_pb2.Timestamp]:
    if time_point is None:
        return None
    return timestamp_pb2.Timestamp(seconds=time_point.seconds, nanos=time_point.nanos)


class PushJob:
    """One push. Its members are what the result is made of."""

    def __init__(
        self,
        channel: Channel,
        settings: PushSettings,
        rows: Iterable[Row],
        rows_total: Optional[int] = None,
    ) -> None:
        self._channel, self._settings, self._rows = channel, settings, rows
        self._begin = time.monotonic()
        self._deadline = self._begin + settings.timeout
        self._progress = Progress(rows_total=rows_total)
        self._places = PlaceBook()
        self._request = sync_service_pb2.StreamUpdatesRequest()
        self._updates = self._request.batch.updates  # Of the next batch.
        self._batch_bytes = 0
        self._break_was_told = False
        self._run: Any = None
        self._result = PushResult(
            settings.source,
            file=settings.file,
            waited=settings.wait,
            selection=settings.selection,
        )
        self._refusals = RefusalLog(self._result, settings.file, settings.on_refused)
        self._stream = UpdateStream(
            channel,
            self._start(),
            Observer(self._on_started, self._on_ack, self._on_break),
            self._deadline,
            settings.connect_timeout,
        )

    def _start(self) -> Any:
        settings = self._settings
        full, changes = sync_run_pb2.SYNC_MODE_FULL, sync_run_pb2.SYNC_MODE_INCREMENTAL
        return sync_service_pb2.StreamStart(
            source=settings.source,
            request_id=uuid.uuid4().hex,
            mode=full if settings.full else changes,
            expected_tenant=self._channel.service.tenant or "",
            client=settings.client_name,
            updated_at=timestamp(settings.updated_at),
            from_cursor=timestamp(settings.from_cursor),
        )

    def run(self) -> PushResult:
        """Does it all. What went wrong stands in the result; only the rows' own errors pass."""
        error: Optional[PeakSyncError] = None
        try:
            try:
                self._deliver()
            except PeakSyncError as problem:
                error = self._look_at_run_after(problem)
            finally:
                self._stream.close()
            if error is None and self._settings.wait:
                error = self._wait()
        except PeakSyncError as problem:
            error = problem
        if self._run is not None and self._run.values.rejected:
            read_braze_refusals(
                self._channel, self._run, self._result, self._settings.on_braze_refusal
            )
        self._refusals.close()
        self._judge(error)
        self._result.duration = time.monotonic() - self._begin
        return self._result

    def _deliver(self) -> None:
        rows = iter(self._rows)
        # Rows that can't be read at all are known before a run is opened.
        first = next(rows, None)
        self._stream.open()
        for row in itertools.chain([] if first is None else [first], rows):
            self._result.rows.read += 1
            if row.refused is not None:
                self._refuse(row.refused, row.cells)
            elif row.update is None:
                self._result.rows.without_values += 1
            else:
                self._take(row)
            if self._result.rows.read % limits.PROGRESS_ROWS == 0:
                self._show()
        if self._updates:
            self._send()
        self._run = self._stream.finish(timestamp(self._cursor()))

    def _take(self, row: Row) -> None:
        update = row.update
        assert update is not None
        size = update.ByteSize() + limits.UPDATE_OVERHEAD_BYTES
        if size > self._settings.batch_bytes_max:
            reason = f"larger than {self._settings.batch_bytes_max:,} bytes"
            self._refuse(RefusedRow(row.line, "", reason), row.cells)
            return
        if self._batch_bytes + size > self._settings.batch_bytes_max:
            self._send()
        self._updates.append(update)
        self._batch_bytes += size
        self._result.rows.sent += 1
        self._places.add(self._stream.next_sequence, row.line, row.cells)
        if self._settings.newest is not None and update.HasField("updated_at"):
            at = update.updated_at
            self._settings.newest.add(TimePoint(at.seconds, at.nanos))
        if len(self._updates) >= self._settings.batch_size:
            self._send()

    def _send(self) -> None:
        request, self._request = self._request, sync_service_pb2.StreamUpdatesRequest()
        self._updates, self._batch_bytes = self._request.batch.updates, 0
        self._stream.send(request)
        self._show()

    def _refuse(self, row: RefusedRow, cells: Optional[Dict[str, Any]]) -> None:
        self._result.rows.invalid += 1
        self._refusals.add(row, cells)

    def _cursor(self) -> Optional[TimePoint]:
        settings = self._settings
        cursor = settings.cursor
        if settings.newest is not None:
            cursor = settings.newest.cursor()
            if cursor is None and self._result.rows.sent:
                cursor = settings.updated_at
        if settings.selection is not None:
            settings.selection.cursor = cursor
            if settings.newest is not None:
                settings.selection.in_future = settings.newest.in_future
                settings.selection.newest_in_future = settings.newest.newest_in_future
        return cursor

    def _on_started(self, started: Any) -> None:
        if self._break_was_told:
            _log.warning("connected again; run %s goes on", started.run_id)
        self._break_was_told = False
        result = self._result
        result.tenant, result.workspace = started.tenant or None, started.workspace or None
        result.host = started.host or None

    def _on_ack(self, ack: Any) -> None:
        progress = self._progress
        progress.updates_received = ack.updates.received
        progress.values_received = ack.values.received
        progress.values_pending = ack.values.pending
        for row, cells in self._places.find(
            ack, self._settings.id_column, self._settings.time_column
        ):
            self._refusals.add(row, cells)
        self._refusals.add_unlisted(ack.invalid_omitted)
        why = ack.back_pressure
        trouble = f"the service reads no further now: {why}" if why else ""
        if trouble and trouble != progress.trouble:
            _log.warning("%s; it goes on by itself", trouble)
        progress.trouble = trouble
        self._show()

    def _on_break(self, why: End) -> None:
        if not self._break_was_told:  # Once an outage, not once an attempt.
            _log.warning(
                "the stream to %s broke (%s); trying again",
                self._channel.address,
                why.details or "it ended early",
            )
        self._break_was_told = True

    def _look_at_run_after(self, error: PeakSyncError) -> Optional[PeakSyncError]:
        """The stream ended with an error: what became of the run?"""
        if self._stream.run_id:
            try:
                self._run = self._channel.get_run(self._stream.run_id)
            except PeakSyncError:
                return error
            received = state_name(self._run) in (
                "RECEIVED",
                "COMPLETED",
                "COMPLETED_WITH_REJECTIONS",
            )
            # A lost answer to `finish` is no error.
            done = received and self._stream.finish_was_sent
            return None if done and error.code == "FAILED_PRECONDITION" else error
        if error.code == "FAILED_PRECONDITION" and not self._settings.full:
            return self._with_full_hint(error)
        return error

    def _with_full_hint(self, error: PeakSyncError) -> PeakSyncError:
        request = sync_service_pb2.ListSourcesRequest(page_size=limits.PAGE_SIZE)
        try:
            for page in self._channel.pages("ListSources", request):
                for source in page.sources:
                    if source.name == self._settings.source and source.full_required:
                        return NeedsPersonError(
                            f"{error.message}. Push all of the source's data once with full=True "
                            "(--full)"
                        )
        except PeakSyncError:
            pass  # The first error says more.
        return error

    def _wait(self) -> Optional[PeakSyncError]:
        self._progress.phase = "waiting"

        def on_news(run: Any, trouble: str) -> None:
            self._progress.values_received = run.values.received
            self._progress.values_pending = run.values.pending
            self._progress.trouble = trouble or trouble_of(run.delivery)
            self._show()

        pause = self._settings.pause_timeout
        self._run, end = wait_for_run(self._channel, self._run, self._deadline, pause, on_news)
        return wait_error(end, self._run, pause)

    def _judge(self, error: Optional[PeakSyncError]) -> None:
        result = self._result
        result.error = error
        result.run = None if self._run is None else Run(self._run)
        if error is None:
            result.exit_status = status_of_run(
                self._run, result.rows.invalid, self._settings.allow_rejections
            )
            return
        abandoned = result.run is not None and result.run.state == "ABANDONED"
        result.exit_status = error.exit_status
        if error.code == "FAILED_PRECONDITION" and abandoned:
            result.exit_status = ExitStatus.NOT_FINISHED

    def _show(self) -> None:
        if self._settings.progress is not None:
            self._progress.rows_read = self._result.rows.read
            self._progress.elapsed = time.monotonic() - self._begin
            self._settings.progress(self._progress)
