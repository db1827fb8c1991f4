"""What the commands of `python -m peaksync` do. Results go to standard output, the rest to
standard error."""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import logging
import os
import re
import sys
from typing import Any, Dict, List, Optional

from peaksync import api, cli, selection
from peaksync.channel import Channel
from peaksync.errors import NotFinishedError, PeakSyncError, UsageError, error_of, usage
from peaksync.files import format_of, open_rows
from peaksync.options import Service
from peaksync.progress import Console
from peaksync.pusher import PushJob
from peaksync.rejects_file import RejectsFile
from peaksync.result import PushResult, status_of_run
from peaksync.rows import RowRules, check_rules
from peaksync.settings import left_out, settings_of, time_argument, time_of_rows
from peaksync.tables import last_sync_table, push_table, run_table, runs_table

# Arguments of the functions whose flags have other names.
_FLAGS = {"id": "id-column", "connection": "driver", "on_rejections": "allow-rejections"}
_ARGUMENTS = (
    "id|id_kind|source|columns|exclude|types|updated_at|updated_at_column|null_value|format|"
    "set_cursor|batch_size|timeout|pause_timeout|connect_timeout|rejects|server|token_file|"
    "cacert|cert|key|query|lookback|since|timezone|limit|connection"
)
_TRUE = ("1", "true", "yes", "on", "y", "t")


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.say(record.getMessage())


def as_flags(message: str) -> str:
    """`batch_size: …` as `--batch-size: …`."""
    found = re.match(rf"({_ARGUMENTS}): ", message)
    if found is None:
        return message
    name = found.group(1)
    return f"--{_FLAGS.get(name, name.replace('_', '-'))}{message[found.end(1):]}"


class Commands:
    def __init__(self, flags: argparse.Namespace, console: Console) -> None:
        self._flags, self._console = flags, console
        output = getattr(flags, "output", None) or os.environ.get("PEAKSYNC_OUTPUT") or "table"
        if output not in ("table", "json"):
            usage("PEAKSYNC_OUTPUT", f"{output!r} is neither table nor json")
        self._json = output == "json"
        names = ("server", "token_file", "tenant", "cacert", "cert", "key", "insecure")
        self._service = Service(**{name: getattr(flags, name, None) for name in names})

    @property
    def writes_json(self) -> bool:
        return self._json

    def _show(self, document: Any, table: str) -> None:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n" if self._json else table
        self._console.clear()
        sys.stdout.write(text)
        sys.stdout.flush()

    def show_result(self, result: PushResult) -> None:
        self._show(result.to_dict(), push_table(result))

    def run(self) -> int:
        name = self._flags.command
        if name == "runs":
            name = f"runs_{self._flags.runs_command}"
        return int(getattr(self, name.replace("-", "_"))())

    def push(self) -> int:
        flags = self._flags
        column, all_rows = time_of_rows(flags.updated_at, None)
        if column is not None:
            usage("updated_at", f"{column!r} is no time; for a column say --updated-at-column")
        if flags.updated_at is None:
            column = flags.updated_at_column
        rules = check_rules(
            RowRules(
                id=flags.id_column,
                id_kind=flags.id_kind,
                updated_at=column,
                columns=_joined(flags.columns),
                exclude=_joined(flags.exclude) + left_out(column, flags.updated_at_column),
                types=_types(flags.types),
                keeps_cells=flags.rejects is not None,
            )
        )
        rejections = "allow" if flags.allow_rejections else "raise"
        timeouts = (flags.timeout, flags.pause_timeout, flags.connect_timeout)
        settings = settings_of(
            flags.source, rules, flags.batch_size, not flags.no_wait, rejections, timeouts
        )
        settings.file = "standard input" if flags.file == "-" else flags.file
        settings.updated_at, settings.full = all_rows, flags.full
        settings.progress = self._console.show
        self._set_cursor(settings, column, all_rows)
        with Channel(self._service) as channel:
            source = open_rows(
                flags.file, format_of(flags.file, flags.format), rules, flags.null_value
            )
            rejects: Optional[RejectsFile] = None
            if flags.rejects is not None:
                rejects = RejectsFile(
                    flags.rejects, source.header, flags.id_column, flags.updated_at_column
                )
                settings.on_refused = rejects.add
                settings.on_braze_refusal = rejects.add_by_braze
            result = PushJob(channel, settings, source.rows).run()
            if rejects is not None:
                rejects.close()
        self.show_result(api.finish(result))
        return 0

    def _set_cursor(self, settings: Any, column: Optional[str], all_rows: Any) -> None:
        text = self._flags.set_cursor
        if text == "max":
            if column is None and all_rows is None:
                usage(
                    "set_cursor",
                    "max is the newest time of the rows; it needs --updated-at-column, or "
                    "--updated-at TIME",
                )
            settings.newest = selection.NewestTime()
        elif text is not None:
            settings.cursor = time_argument(text, "set_cursor")

    def sync(self) -> int:
        flags = self._flags
        if (flags.query is None) == (flags.query_file is None):
            usage("query", "give --query or --query-file")
        query = flags.query or _read_text(flags.query_file, "query_file")
        with _Connection(flags) as connection:
            result = api.sync(
                connection,
                query,
                source=flags.source,
                updated_at=flags.updated_at_column,
                id=flags.id_column,
                id_kind=flags.id_kind,
                lookback=flags.lookback,
                since=flags.since,
                full=flags.full,
                columns=_joined(flags.columns),
                exclude=_joined(flags.exclude),
                types=_types(flags.types),
                nulls=flags.nulls,
                timezone=flags.timezone,
                column_case=flags.column_case,
                retry_rejections=not flags.no_retry_rejections,
                retry_refused=flags.retry_refused,
                rejects=flags.rejects,
                batch_size=flags.batch_size,
                wait=not flags.no_wait,
                timeout=flags.timeout,
                pause_timeout=flags.pause_timeout,
                connect_timeout=flags.connect_timeout,
                on_rejections="allow" if flags.allow_rejections else "raise",
                progress=self._console.show,
                service=self._service,
            )
        self.show_result(result)
        return 0

    def runs_list(self) -> int:
        found = api.runs(self._flags.source, limit=self._flags.limit, service=self._service)
        self._show({"runs": [run.to_dict() for run in found]}, runs_table(found))
        return 0

    def runs_show(self) -> int:
        run = api.run(self._flags.run, service=self._service)
        self._show({"run": run.to_dict()}, run_table(run))
        return 0

    def runs_cancel(self) -> int:
        run = api.cancel(self._flags.run, service=self._service)
        self._show({"run": run.to_dict()}, run_table(run))
        return 0

    def runs_watch(self) -> int:
        flags = self._flags
        run, error = api.watch_run(
            flags.run, flags.timeout, flags.pause_timeout, self._console.show, self._service
        )
        self._show({"run": run.to_dict()}, run_table(run))
        if error is None:
            return int(status_of_run(run.message, 0, False))
        self._console.say(f"peaksync: {error.message}")
        return int(error.exit_status)

    def last_sync(self) -> int:
        source = self._flags.source
        last = api.last_sync(source, service=self._service)
        if last is None:
            raise error_of("NOT_FOUND", f"no run of source {source!r} has completed yet")
        self._show(last.to_dict(), last_sync_table(last))
        return 0


class _Connection:
    """A connection of the chosen driver, closed at the end."""

    def __init__(self, flags: argparse.Namespace) -> None:
        try:
            self._module = importlib.import_module(flags.driver)
        except ImportError as error:
            usage("driver", f"there is no module {flags.driver} ({error}); install it")
        arguments: Dict[str, Any] = {}
        if flags.connect_file is not None:
            text = _read_text(flags.connect_file, "connect_file")
            try:
                arguments.update(json.loads(text))
            except (ValueError, TypeError):
                usage("connect_file", f"{flags.connect_file} does not hold one JSON object")
        arguments.update(_pairs(flags.connect, "connect"))
        for name, variable in _pairs(flags.connect_env, "connect_env").items():
            if variable not in os.environ:
                usage("connect_env", f"the variable {variable} is not set")
            arguments[name] = os.environ[variable]
        self._arguments = arguments

    def __enter__(self) -> Any:
        try:
            self._connection = self._module.connect(**self._arguments)
        except Exception as error:  # Of any driver; its text never repeats our arguments' secrets.
            kind, secrets = type(error).__name__, self._arguments.values()
            text = " ".join(str(error).split())
            for secret in secrets:
                text = text.replace(str(secret), "…") if len(str(secret)) > 3 else text
            message = f"connecting to the database with {self._module.__name__}: {kind}: {text}"
            if kind in ("OperationalError", "InterfaceError"):
                raise NotFinishedError(message + ". Run it again") from None
            raise UsageError(message) from None
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _joined(lists: Optional[List[List[str]]]) -> "tuple[str, ...]":
    return tuple(itertools.chain.from_iterable(lists or []))


def _pairs(texts: List[str], argument: str) -> Dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            usage(argument, "write NAME=VALUE")
        pairs[name] = value
    return pairs


def _types(lists: Optional[List[List[str]]]) -> Dict[str, str]:
    types: Dict[str, str] = {}
    for text in _joined(lists):
        column, equals, kind = text.rpartition("=")
        if not column or not equals:
            usage("types", f"{text!r} is not COLUMN=TYPE, such as zip=string")
        if types.setdefault(column, kind) != kind:
            usage("types", f"names column {column!r} twice")
    return types


def _read_text(path: str, argument: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        usage(argument, f"can't read {path} ({error})")


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs a command; its exit status."""
    flags = cli.parse(arguments)
    no_progress = os.environ.get("PEAKSYNC_NO_PROGRESS", "").lower() in _TRUE
    console = Console(sys.stderr, getattr(flags, "no_progress", False) or no_progress)
    log = logging.getLogger("peaksync")
    handler = _ConsoleHandler(console)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        return _run(flags, console)
    finally:
        log.removeHandler(handler)
        log.propagate = True


def _run(flags: argparse.Namespace, console: Console) -> int:
    commands: Optional[Commands] = None
    try:
        commands = Commands(flags, console)
        return commands.run()
    except PeakSyncError as error:
        result = error.result
        if commands is not None and result is not None:
            commands.show_result(result)
        if result is None or result.error is not None:
            console.say(f"peaksync: {as_flags(error.message)}")
        if commands is not None and result is None and commands.writes_json:
            document = {"code": error.code, "message": as_flags(error.message)}
            status = int(error.exit_status)
            sys.stdout.write(json.dumps({"exit_status": status, "error": document}, indent=2))
            sys.stdout.write("\n")
        return int(error.exit_status)
    except KeyboardInterrupt:
        console.say("peaksync: interrupted; run it again, what is there is not sent twice")
        return 1
