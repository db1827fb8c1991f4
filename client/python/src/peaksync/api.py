"""What the package offers. Every function opens its own connection and closes it."""

from __future__ import annotations

import datetime
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from peaksync import limits, selection, syncing
from peaksync._proto import sync_service_pb2
from peaksync.channel import Channel
from peaksync.delivery import trouble_of
from peaksync.errors import (
    ExitStatus,
    NeedsPersonError,
    NotFinishedError,
    PeakSyncError,
    RejectionsError,
    UsageError,
    usage,
)
from peaksync.frames import RowReader
from peaksync.options import Service
from peaksync.progress import Progress, ProgressCallback
from peaksync.pusher import PushJob, PushSettings
from peaksync.rejects_file import RejectsFile
from peaksync.result import LastSync, PushResult, Run, Selection, last_sync_of
from peaksync.retries import Retries
from peaksync.rows import RefusedRow, RowMaker, RowRules, as_names, check_rules
from peaksync.settings import (
    Duration,
    Time,
    check_source,
    left_out,
    now,
    settings_of,
    time_argument,
    time_of_rows,
)
from peaksync.times import parse_duration, parse_zone
from peaksync.waiting import wait_error, wait_for_run

Columns = Union[None, str, Sequence[str]]
OnRefused = Callable[[RefusedRow, Optional[Dict[str, Any]]], None]


def push(
    rows: Any,
    *,
    source: str,
    id: str = "external_id",
    updated_at: Optional[Time] = None,
    updated_at_column: Optional[str] = None,
    id_kind: str = "external_id",
    columns: Columns = None,
    exclude: Columns = None,
    types: Optional[Mapping[str, str]] = None,
    nulls: str = "skip",
    timezone: Union[None, str, datetime.tzinfo] = None,
    full: bool = False,
    set_cursor: Optional[Time] = None,
    batch_size: int = limits.BATCH_UPDATES_DEFAULT,
    wait: bool = True,
    timeout: Duration = limits.TIMEOUT,
    pause_timeout: Duration = limits.PAUSE_TIMEOUT,
    connect_timeout: Duration = limits.CONNECT_TIMEOUT,
    on_rejections: str = "raise",
    progress: Optional[ProgressCallback] = None,
    on_refused: Optional[OnRefused] = None,
    service: Optional[Service] = None,
) -> PushResult:
    """Sends rows, waits until Braze has answered, and says what became of every value.

    rows: a DataFrame, or an iterable of DataFrames, of dicts or of named tuples; read once, in
        constant memory. A missing value (None, NaN, NA, NaT) leaves the attribute as it is;
        nulls="unset" removes it in Braze.
    source: the origin of these updates, such as `churn`.
    id: the column of the identifiers; id_kind what they are: external_id, braze_id, email, phone
        or user_alias:LABEL.
    updated_at: the column with the time of each prediction, which is not sent as an attribute; or
        one time for all rows: a datetime, RFC 3339 text, or "now", the start of the run by the
        service's clock, which is the default. With a time, updated_at_column names the column that
        is left out all the same.
    columns, exclude: only these columns become attributes; all but these.
    types: column -> bool, integer, double, string, timestamp or json.
    timezone: of times without a zone, which are refused otherwise.
    full: send everything once, also what Braze already has.
    set_cursor: the source's cursor once all is done: a time, or "max", the newest that was sent.
    timeout, pause_timeout, connect_timeout: for everything; while the tenant's delivery is paused;
        to reach the service at first. Seconds, a timedelta, or text such as "30m".
    on_rejections: "raise" RejectionsError when values were invalid or refused, or "allow" them.
    progress: called again and again with a Progress. on_refused: called with every RefusedRow and
        its cells.

    Running the same push again is always harmless. Raises a PeakSyncError that holds the result so
    far; UsageError for rows and arguments that can't be sent.
    """
    column, all_rows = time_of_rows(updated_at, updated_at_column)
    rules = check_rules(
        RowRules(
            id=id,
            id_kind=id_kind,
            updated_at=column,
            columns=as_names(columns, "columns"),
            exclude=as_names(exclude, "exclude") + left_out(column, updated_at_column),
            types=dict(types or {}),
            nulls=nulls,
            zone=parse_zone(timezone),
            keeps_cells=on_refused is not None,
        )
    )
    timeouts = (timeout, pause_timeout, connect_timeout)
    settings = settings_of(source, rules, batch_size, wait, on_rejections, timeouts)
    settings.updated_at, settings.full = all_rows, full
    settings.progress, settings.on_refused = progress, on_refused
    if set_cursor == "max":
        if column is None and all_rows is None:
            usage("set_cursor", "max is the newest time of the rows; it needs updated_at")
        settings.newest = selection.NewestTime()
    elif set_cursor is not None:
        settings.cursor = time_argument(set_cursor, "set_cursor")
    reader = RowReader(rows, RowMaker(rules))
    with Channel(service) as channel:
        return finish(PushJob(channel, settings, reader, reader.total).run())


def sync(
    connection: Any,
    query: str,
    *,
    source: str,
    updated_at: str,
    id: str = "external_id",
    id_kind: str = "external_id",
    lookback: Duration = limits.LOOKBACK,
    since: Optional[Time] = None,
    full: bool = False,
    columns: Columns = None,
    exclude: Columns = None,
    types: Optional[Mapping[str, str]] = None,
    nulls: str = "skip",
    timezone: Union[None, str, datetime.tzinfo] = None,
    column_case: Optional[str] = None,
    paramstyle: Optional[str] = None,
    cursor: Optional[Callable[[Any], Any]] = None,
    retry_rejections: bool = True,
    retry_refused: bool = False,
    batch_size: int = limits.BATCH_UPDATES_DEFAULT,
    wait: bool = True,
    timeout: Duration = limits.TIMEOUT,
    pause_timeout: Duration = limits.PAUSE_TIMEOUT,
    connect_timeout: Duration = limits.CONNECT_TIMEOUT,
    on_rejections: str = "raise",
    progress: Optional[ProgressCallback] = None,
    on_refused: Optional[OnRefused] = None,
    rejects: Optional[str] = None,
    service: Optional[Service] = None,
) -> PushResult:
    """Selects what changed since the source's last successful sync, and pushes it.

    connection: any DB-API connection (PEP 249). query: a SELECT, or the name of a table. It is run
        with `updated_at >= :since` around it; a query that holds `:since` itself is run as it is.
    updated_at: the column of the times. since is the source's cursor less the lookback, so that
        rows that were committed late are found; what Braze already has is not sent twice.
    The first sync, and full=True, select everything, after saying how much that is; so a query with
        its own `:since` gets the year 1 then. since: select from this time instead; the cursor
        moves only when that leaves no gap.
    The cursor moves to the newest time that was selected, when the run completes, and never beyond
        now: rows of the future are counted, and move nothing.
    timezone: that of the database's times when they have none. column_case="lower": names of
        columns in lower case, for Snowflake. paramstyle: for drivers that don't say theirs.
        cursor: makes the cursor to read with, where the driver's own would fetch everything.
    retry_rejections: try values again that validation had refused, by the rules of now;
        retry_refused: also those that Braze itself had refused.
    rejects: a file for the refused rows with their reasons, JSON Lines; only you can read it.
    The others are as of push().
    """
    rules = check_rules(
        RowRules(
            id=id,
            id_kind=id_kind,
            updated_at=updated_at or usage("updated_at", "name the column of the times"),
            columns=as_names(columns, "columns"),
            exclude=as_names(exclude, "exclude"),
            types=dict(types or {}),
            nulls=nulls,
            zone=parse_zone(timezone),
            keeps_cells=on_refused is not None or rejects is not None,
        )
    )
    if column_case not in (None, "lower"):
        usage("column_case", f"{column_case!r} is not lower")
    timeouts = (timeout, pause_timeout, connect_timeout)
    settings = settings_of(source, rules, batch_size, wait, on_rejections, timeouts)
    settings.progress, settings.on_refused, settings.full = progress, on_refused, full
    driver = syncing.driver_of(connection, paramstyle)
    reader = syncing.Reader(connection, driver, RowMaker(rules), column_case, cursor)
    begin = None if since is None else time_argument(since, "since")
    back = parse_duration(lookback, "lookback")
    file = None if rejects is None else _open_rejects(rejects, settings)
    with Channel(service) as channel:
        syncing.check_tenant(channel)
        known = syncing.last_cursor(channel, source)
        start = selection.choose_start(known, begin, full, back)
        chosen = Selection("all" if start.since is None else "changes", start.since)
        chosen.from_cursor = settings.from_cursor = start.from_cursor
        settings.selection = chosen
        settings.newest = selection.NewestTime(now(), known)
        statement = syncing.statement_for(
            query, updated_at, start.since, driver, rules.zone, reader, chosen
        )
        retries = Retries(channel, settings, chosen, retry_refused)
        if retry_rejections or retry_refused:
            retries.start()
        result = PushJob(channel, settings, reader.rows(statement), chosen.rows_expected).run()
        if file is not None:
            file.close()
        retries.wait(result)
        return finish(syncing.tell(result))


def _open_rejects(path: str, settings: PushSettings) -> RejectsFile:
    """A file that gets every refused row, beside the caller's own callback."""
    file = RejectsFile(path, None, settings.id_column, settings.time_column)
    theirs = settings.on_refused

    def on_refused(row: RefusedRow, cells: Optional[Dict[str, Any]]) -> None:
        file.add_cells(row, cells)
        if theirs is not None:
            theirs(row, cells)

    settings.on_refused, settings.on_braze_refusal = on_refused, file.add_by_braze
    return file


def last_sync(source: str, *, service: Optional[Service] = None) -> Optional[LastSync]:
    """The last successful sync of a source; None when there was none."""
    check_source(source)
    request = sync_service_pb2.GetLastSyncRequest(source=source)
    with Channel(service) as channel:
        try:
            return last_sync_of(channel.call("GetLastSync", request))
        except UsageError as error:
            if error.code != "NOT_FOUND":
                raise
            return None


def runs(
    source: Optional[str] = None, *, limit: int = 50, service: Optional[Service] = None
) -> List[Run]:
    """The newest runs, newest first; of all sources, or of one."""
    if source is not None:
        check_source(source)
    if limit < 1:
        usage("limit", "at least 1")
    size = min(limit, limits.PAGE_SIZE)
    request = sync_service_pb2.ListSyncRunsRequest(source=source or "", page_size=size)
    found: List[Run] = []
    with Channel(service) as channel:
        for page in channel.pages("ListSyncRuns", request):
            found += [Run(message) for message in page.runs]
            if len(found) >= limit:
                break
    return found[:limit]


def run(run_id: str, *, service: Optional[Service] = None) -> Run:
    """One run, as it stands."""
    with Channel(service) as channel:
        return Run(channel.get_run(run_id))


def cancel(run_id: str, *, service: Optional[Service] = None) -> Run:
    """Withdraws a run: what of it waits is not sent, unless another run brought it too. Raises
    NeedsPersonError when it has completed."""
    request = sync_service_pb2.CancelSyncRunRequest(run_id=run_id)
    with Channel(service) as channel:
        return Run(channel.call("CancelSyncRun", request, limits.CHANGE_DEADLINE).run)


def watch(
    run_id: str,
    *,
    timeout: Duration = limits.TIMEOUT,
    pause_timeout: Duration = limits.PAUSE_TIMEOUT,
    progress: Optional[ProgressCallback] = None,
    service: Optional[Service] = None,
) -> Run:
    """Waits until Braze has answered all of a run. Raises NotFinishedError when that takes long."""
    found, error = watch_run(run_id, timeout, pause_timeout, progress, service)
    if error is not None:
        raise error
    return found


def watch_run(
    run_id: str,
    timeout: Duration,
    pause_timeout: Duration,
    progress: Optional[ProgressCallback],
    service: Optional[Service],
) -> Tuple[Run, Optional[PeakSyncError]]:
    """The run as last heard of, and why it was given up, if it was."""
    begin = time.monotonic()
    deadline = begin + parse_duration(timeout, "timeout")
    pause = parse_duration(pause_timeout, "pause_timeout")

    def on_news(message: Any, trouble: str) -> None:
        if progress is not None:
            state = Progress("waiting", trouble=trouble or trouble_of(message.delivery))
            state.values_received = message.values.received
            state.values_pending = message.values.pending
            state.elapsed = time.monotonic() - begin
            progress(state)

    with Channel(service) as channel:
        message = channel.get_run(run_id)
        message, end = wait_for_run(channel, message, deadline, pause, on_news)
        return Run(message), wait_error(end, message, pause)


def finish(result: PushResult) -> PushResult:
    """The result when all is done; else an error that holds it."""
    if result.exit_status == ExitStatus.DONE:
        return result
    error = result.error
    if error is None:
        assert result.run is not None
        error = _error_of_run(result)
    error.exit_status = result.exit_status
    error.result = result
    raise error


def _error_of_run(result: PushResult) -> Union[RejectionsError, NeedsPersonError, NotFinishedError]:
    run_ = result.run
    assert run_ is not None
    if result.exit_status == ExitStatus.REJECTIONS:
        values = run_.values
        again = result.selection.refused_again if result.selection is not None else 0
        return RejectionsError(
            f"run {run_.run_id} is done, but not all of it was taken: {values['invalid']:,} values "
            f"invalid, {values['rejected']:,} refused by Braze, {result.rows.invalid:,} rows not "
            + (f"sent, {again:,} values tried again and refused again" if again else "sent")
            + ". The result's refused_rows and braze_refusals say which; on_rejections='allow' "
            "accepts that"
        )
    why = f": {run_.state_reason}" if run_.state_reason else ""
    text = f"run {run_.run_id} is {run_.state}{why}"
    if result.exit_status == ExitStatus.NEEDS_PERSON:
        return NeedsPersonError(text)
    return NotFinishedError(text + ". Run it again", "ABORTED")
