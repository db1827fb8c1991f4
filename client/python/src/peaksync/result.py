"""What came of it: runs, refused rows and values, as objects and as the documents of the program.

The JSON documents are described in docs/client.md and are the same as the C++ client's.
"""

from __future__ import annotations

import datetime
import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from peaksync._proto import sync_run_pb2, sync_service_pb2
from peaksync.delivery import blocked, delivery_state
from peaksync.errors import ExitStatus, PeakSyncError
from peaksync.rows import RefusedRow
from peaksync.times import TimePoint, format_time, message_time, to_datetime

Document = Dict[str, Any]
_OPEN = ("UNSPECIFIED", "OPEN", "RECEIVED")


def state_name(run: Any) -> str:
    """COMPLETED for SYNC_RUN_STATE_COMPLETED, and so on."""
    return str(sync_run_pb2.SyncRunState.Name(run.state))[len("SYNC_RUN_STATE_") :]


def is_final(state: str) -> bool:
    """Whether nothing can change the run's state any more."""
    return state not in _OPEN


def time_text(message: Any, name: str) -> Optional[str]:
    time = message_time(message, name)
    return None if time is None else format_time(time)


def _counts(message: Any) -> Dict[str, int]:
    return {entry.name: getattr(message, entry.name) for entry in message.DESCRIPTOR.fields}


def _delivery(delivery: Any) -> Document:
    return {
        "state": delivery_state(delivery),
        "reason": delivery.reason or None,
        "remedy": delivery.remedy or None,
        "back_pressure": delivery.back_pressure or None,
        "since": time_text(delivery, "since"),
        "next_attempt_time": time_text(delivery, "next_attempt_time"),
        "waiting_values": delivery.waiting_values,
        "waiting_customers": delivery.waiting_customers,
        "waiting_bytes": delivery.waiting_bytes,
    }


def run_document(run: Any) -> Document:
    kind = str(sync_run_pb2.SyncRunKind.Name(run.kind))[len("SYNC_RUN_KIND_") :]
    mode = str(sync_run_pb2.SyncMode.Name(run.mode))[len("SYNC_MODE_") :]
    return {
        "run_id": run.run_id,
        "source": run.source,
        "state": state_name(run),
        "state_reason": run.state_reason or None,
        "kind": kind,
        "mode": mode,
        "client": run.client or None,
        "create_time": time_text(run, "create_time"),
        "receive_time": time_text(run, "receive_time"),
        "complete_time": time_text(run, "complete_time"),
        "last_sequence": run.last_sequence,
        "updates": _counts(run.updates),
        "values": _counts(run.values),
        "from_cursor": time_text(run, "from_cursor"),
        "cursor": time_text(run, "cursor"),
        "stale_newest_known_time": time_text(run, "stale_newest_known_time"),
        "delivery": _delivery(run.delivery) if run.HasField("delivery") else None,
    }


class Run:
    """A sync run as the service told it. Attributes have the names of the JSON document."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self._document = run_document(message)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_document"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def run_id(self) -> str:
        return str(self._document["run_id"])

    @property
    def source(self) -> str:
        return str(self._document["source"])

    @property
    def state(self) -> str:
        """OPEN, RECEIVED, COMPLETED, COMPLETED_WITH_REJECTIONS, FAILED, CANCELED, ABANDONED."""
        return str(self._document["state"])

    @property
    def values(self) -> Dict[str, int]:
        """received, unchanged, stale, invalid, superseded, confirmed, rejected, discarded,
        pending."""
        return dict(self._document["values"])

    @property
    def updates(self) -> Dict[str, int]:
        """received, invalid, changed, unchanged."""
        return dict(self._document["updates"])

    def to_dict(self) -> Document:
        return dict(self._document)

    def __repr__(self) -> str:
        return f"<Run {self.run_id} of {self.source}: {self.state}>"


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "timestamp_value":
        return time_text(value, "timestamp_value")
    if kind == "list_value":
        return [_value(element) for element in value.list_value.values]
    if kind == "object_value":
        return {entry.key: _value(entry.value) for entry in value.object_value.fields}
    return getattr(value, kind)


def customer_of(customer: Any) -> "tuple[str, str]":
    """(kind, identifier)."""
    kind = customer.WhichOneof("identifier") or "external_id"
    if kind == "user_alias":
        return f"user_alias:{customer.user_alias.alias_label}", customer.user_alias.alias_name
    return kind, getattr(customer, kind)


def rejection_document(rejection: Any) -> Document:
    kind, identifier = customer_of(rejection.customer)
    kept = rejection.attribute.HasField("value")
    by_braze = rejection.kind == sync_service_pb2.REJECTION_KIND_BRAZE
    return {
        "customer": identifier,
        "id_kind": kind,
        "attribute": rejection.attribute.name,
        "value_kept": kept,
        "value": _value(rejection.attribute.value) if kept else None,
        "updated_at": time_text(rejection, "updated_at"),
        "reject_time": time_text(rejection, "reject_time"),
        "kind": "braze" if by_braze else "validation",
        "reason": rejection.reason,
        "run_id": rejection.run_id,
        "attempts": rejection.attempts,
    }


@dataclass(frozen=True)
class LastSync:
    """The last successful sync of a source: from `cursor` the next selection starts."""

    source: str
    cursor: Optional[datetime.datetime]  # In UTC; None: no run has brought one.
    run: Run
    exact_cursor: Optional[TimePoint] = None  # To the nanosecond.

    def to_dict(self) -> Document:
        cursor = self.exact_cursor
        return {
            "source": self.source,
            "cursor": None if cursor is None else format_time(cursor),
            "run": self.run.to_dict(),
        }


def last_sync_of(answer: Any) -> LastSync:
    cursor = message_time(answer, "cursor")
    at = None if cursor is None else to_datetime(cursor)
    return LastSync(answer.run.source, at, Run(answer.run), cursor)


@dataclass
class RowCounts:
    """read = sent + invalid + without_values, unless it broke off."""

    read: int = 0
    sent: int = 0
    invalid: int = 0  # Not sent.
    without_values: int = 0


@dataclass
class Selection:
    """What sync() selected."""

    query: str  # `changes` since a time, or `all`.
    since: Optional[TimePoint] = None
    from_cursor: Optional[TimePoint] = None
    cursor: Optional[TimePoint] = None  # The newest time that was selected; the run brings it.
    rows_expected: Optional[int] = None  # Counted before everything is selected.
    in_future: int = 0  # Rows whose time is in the future; they don't move the cursor.
    newest_in_future: Optional[TimePoint] = None
    retried: int = 0  # Values that were refused before, tried again first.
    refused_again: int = 0  # Of them, as far as it is known.

    def to_dict(self) -> Document:
        def text(time: Optional[TimePoint]) -> Optional[str]:
            return None if time is None else format_time(time)

        return {
            "job": None,  # Jobs are the program's.
            "cursor": text(self.from_cursor),
            "selected_from": text(self.since),
            "rows_expected": self.rows_expected,
            "future_rows": self.in_future,
            "newest_future_time": text(self.newest_in_future),
            "retried": self.retried,
            "refused_again": self.refused_again,
        }


@dataclass
class PushResult:
    """Everything about a push or sync. print() shows it as the program does."""

    source: str
    exit_status: ExitStatus = ExitStatus.DONE
    error: Optional[PeakSyncError] = None  # Why it did not come to its end.
    file: Optional[str] = None
    tenant: Optional[str] = None
    workspace: Optional[str] = None
    host: Optional[str] = None
    waited: bool = True
    rows: RowCounts = field(default_factory=RowCounts)
    run: Optional[Run] = None  # As last heard of; None when none was opened.
    refused_rows: List[RefusedRow] = field(default_factory=list)  # The first of them.
    refused_rows_omitted: int = 0
    braze_refusals: List[Document] = field(default_factory=list)  # The first of them.
    braze_refusals_omitted: int = 0
    selection: Optional[Selection] = None  # Of sync() alone.
    duration: float = 0.0  # Seconds.

    def to_dict(self) -> Document:
        """The JSON document of `peaksync push` and `peaksync sync`."""
        document: Document = {
            "exit_status": int(self.exit_status),
            "error": None
            if self.error is None
            else {"code": self.error.code, "message": self.error.message},
            "file": self.file,
            "sync": None if self.selection is None else self.selection.to_dict(),
            "source": self.source,
            "tenant": self.tenant,
            "workspace": self.workspace,
            "host": self.host,
            "waited": self.waited,
            "rows": {
                "read": self.rows.read,
                "sent": self.rows.sent,
                "invalid_not_sent": self.rows.invalid,
                "without_values": self.rows.without_values,
            },
            "run": None if self.run is None else self.run.to_dict(),
            "refused_rows": [
                {"line": row.line, "column": row.column or None, "reason": row.reason}
                for row in self.refused_rows
            ],
            "refused_rows_omitted": self.refused_rows_omitted,
            "braze_refusals": self.braze_refusals,
            "braze_refusals_omitted": self.braze_refusals_omitted,
            "duration_seconds": round(self.duration, 6),
        }
        return document

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def write_json(self, path: str) -> None:
        """Writes the document for the next step. Only you can read it: it may name customers."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(self.to_json())

    def __str__(self) -> str:
        from peaksync.tables import push_table

        return push_table(self)


def status_of_run(run: Any, client_invalid: int, allow_rejections: bool) -> ExitStatus:
    """What the end of a run means. One that is only RECEIVED counts: nobody wanted to wait."""
    state = state_name(run)
    if state in ("FAILED", "CANCELED"):
        return ExitStatus.NEEDS_PERSON
    if state in ("ABANDONED", "OPEN"):
        return ExitStatus.NOT_FINISHED
    refused = client_invalid + run.values.invalid + run.values.rejected + run.updates.invalid
    if (refused or state == "COMPLETED_WITH_REJECTIONS") and not allow_rejections:
        return ExitStatus.REJECTIONS
    return ExitStatus.DONE


def is_blocked(run: Run) -> bool:
    return blocked(run.message.delivery)
