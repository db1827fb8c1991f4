"""Brings a model's predictions into Braze, through a PeakSync service.

    import peaksync

    with peaksync.step():
        result = peaksync.push(frame, source="churn", id="customer_id", updated_at="scored_at")

push() sends rows; sync() selects from a database what changed since the last successful sync and
sends that. Both wait until Braze has answered. README.md beside the package is a guide.
"""

from peaksync.api import cancel, last_sync, push, run, runs, sync, watch
from peaksync.errors import (
    DeliveryPausedError,
    ExitStatus,
    NeedsPersonError,
    NotFinishedError,
    NotPermittedError,
    PeakSyncError,
    RejectionsError,
    UsageError,
    step,
)
from peaksync.options import Service
from peaksync.progress import Progress
from peaksync.result import LastSync, PushResult, RowCounts, Run, Selection
from peaksync.rows import RefusedRow
from peaksync.version import __version__

__all__ = [
    "DeliveryPausedError",
    "ExitStatus",
    "LastSync",
    "NeedsPersonError",
    "NotFinishedError",
    "NotPermittedError",
    "PeakSyncError",
    "Progress",
    "PushResult",
    "RefusedRow",
    "RejectionsError",
    "RowCounts",
    "Run",
    "Selection",
    "Service",
    "UsageError",
    "__version__",
    "cancel",
    "last_sync",
    "push",
    "run",
    "runs",
    "step",
    "sync",
    "watch",
]
