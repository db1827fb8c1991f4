"""What can go wrong, each with the exit status that a script should end with."""

from __future__ import annotations

import contextlib
import enum
import sys
from typing import TYPE_CHECKING, Iterator, NoReturn, Optional, Type

if TYPE_CHECKING:
    from peaksync.result import PushResult


class ExitStatus(enum.IntEnum):
    """What the end means to the script around it; the same as of the program `peaksync`."""

    DONE = 0
    NOT_FINISHED = 1  # Out of reach, timed out, paused, taken over: safe to run again.
    USAGE = 2  # Arguments, rows, configuration.
    REJECTIONS = 3  # Finished; some values were invalid or rejected.
    NOT_PERMITTED = 4  # No credential, or one that may not.
    NEEDS_PERSON = 5  # A guard stopped it, or the run FAILED or was CANCELED.


class PeakSyncError(Exception):
    """The base of all. The text says what was tried and what to do.

    `code` is gRPC's name of the kind, `exit_status` what a script should end with, and `result`
    what is known of the push or sync: None when none had begun.
    """

    exit_status: ExitStatus = ExitStatus.NOT_FINISHED
    code: str = "UNKNOWN"

    def __init__(self, message: str, code: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.result: Optional["PushResult"] = None

    @property
    def message(self) -> str:
        return str(self.args[0])


class NotFinishedError(PeakSyncError):
    """Out of reach, timed out, or taken over. Nothing is lost, and running it again is safe."""

    code = "UNAVAILABLE"


class DeliveryPausedError(NotFinishedError):
    """The service has everything, but the tenant's delivery to Braze is paused."""


class UsageError(PeakSyncError, ValueError):
    """An argument, a column or the configuration is wrong: the same again ends the same way."""

    exit_status = ExitStatus.USAGE
    code = "INVALID_ARGUMENT"


class RejectionsError(PeakSyncError):
    """All is done, but some values were invalid or refused by Braze; `result` says which."""

    exit_status = ExitStatus.REJECTIONS
    code = "OK"


class NotPermittedError(PeakSyncError):
    """No credential, or one that does not allow this."""

    exit_status = ExitStatus.NOT_PERMITTED
    code = "PERMISSION_DENIED"


class NeedsPersonError(PeakSyncError):
    """A guard stopped it, or the run FAILED or was CANCELED: a person must look first."""

    exit_status = ExitStatus.NEEDS_PERSON
    code = "FAILED_PRECONDITION"


_KINDS = {
    "UNAUTHENTICATED": NotPermittedError,
    "PERMISSION_DENIED": NotPermittedError,
    "INVALID_ARGUMENT": UsageError,
    "OUT_OF_RANGE": UsageError,
    "NOT_FOUND": UsageError,
    "ALREADY_EXISTS": UsageError,
    "UNIMPLEMENTED": UsageError,
    "FAILED_PRECONDITION": NeedsPersonError,
    "DATA_LOSS": NeedsPersonError,
}

_HINTS = {
    "UNAUTHENTICATED": ". Give the tenant's token in PEAKSYNC_TOKEN or PEAKSYNC_TOKEN_FILE",
    "ABORTED": ". Wait for the other push of this source to end, then run this again",
}


def error_of(code: str, message: str) -> PeakSyncError:
    """The error for what the service, or the way to it, has answered."""
    kind: Type[PeakSyncError] = _KINDS.get(code, NotFinishedError)
    hint = _HINTS.get(code, "")
    return kind(message if hint in message else message + hint, code)


def usage(argument: str, what: str) -> NoReturn:
    """Raises the error of an argument: `batch_size: 1 to 5,000 updates`."""
    raise UsageError(f"{argument}: {what}")


@contextlib.contextmanager
def step() -> Iterator[None]:
    """Ends the program with the right exit status when a push or sync in it does not succeed.

    Without it an uncaught exception ends a Python program with 1, and a workflow that retries on 1
    would also retry what will never succeed:

        with peaksync.step():
            peaksync.push(frame, source="churn", id="customer_id")
    """
    try:
        yield
    except PeakSyncError as error:
        print(f"peaksync: {error}", file=sys.stderr)
        raise SystemExit(int(error.exit_status)) from error
