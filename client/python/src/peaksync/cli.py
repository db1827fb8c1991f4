"""`python -m peaksync`: the flags. What they do is in commands.py."""

from __future__ import annotations

import argparse
from typing import Any, List, Optional

from peaksync.version import __version__

EXIT_STATUS = (
    "Exit status: 0 done; 1 not finished, safe to run again; 2 usage; 3 done, some values invalid\n"
    "or rejected; 4 not permitted; 5 a person must look."
)
# Flag, help. Each has a variable PEAKSYNC_…, read where it is needed.
_COMMON = (
    ("--server", "The service: HOST:PORT (PEAKSYNC_SERVER, default 127.0.0.1:7443)"),
    ("--token-file", "File with the tenant's token (PEAKSYNC_TOKEN_FILE); or PEAKSYNC_TOKEN"),
    ("--tenant", "The tenant that is meant; refuses a token of another one (PEAKSYNC_TENANT)"),
    ("--cacert", "PEM file of the authorities to trust; means TLS (PEAKSYNC_CACERT)"),
    ("--cert", "PEM file of the client's certificate, mTLS (PEAKSYNC_CERT)"),
    ("--key", "PEM file of its private key (PEAKSYNC_KEY)"),
)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)


def _common() -> _Parser:
    """Before and after the command; what is not given stays away, so that neither hides the
    other."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("common (also after the command)")
    for flag, text in _COMMON:
        group.add_argument(flag, help=text, metavar=flag[2:].upper().replace("-", "_"))
    group.add_argument(
        "--insecure",
        action="store_true",
        help="Plaintext also off this machine: token and data can be read (PEAKSYNC_INSECURE)",
    )
    group.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        help="table (default) or json (PEAKSYNC_OUTPUT)",
    )
    group.add_argument(
        "--no-progress",
        action="store_true",
        help="No progress on standard error (PEAKSYNC_NO_PROGRESS)",
    )
    return common


def _columns(value: str) -> List[str]:
    return [name for name in value.split(",") if name]


def _add_columns(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--source", required=True, help="The source these updates are of, such as churn")
    add("--id-column", required=True, help="Column of the customers' identifiers")
    add(
        "--id-kind",
        default="external_id",
        help="external_id (default), braze_id, email, phone or user_alias:LABEL",
    )
    add("--columns", type=_columns, action="append", help="Send only these columns: a,b,c")
    add("--exclude", type=_columns, action="append", help="Send all columns but these: a,b,c")
    add(
        "--types",
        type=_columns,
        action="append",
        help="Types of columns: col=bool|integer|double|string|timestamp|json,...",
    )


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--full", action="store_true", help="Send everything, also what Braze already has")
    add("--batch-size", type=int, default=1000, help="Updates a message, up to 5000 (1000)")
    add("--no-wait", action="store_true", help="Don't wait for Braze's answers")
    add("--connect-timeout", default="30s", help="How long to try to reach the service (30s)")
    add(
        "--allow-rejections",
        action="store_true",
        help="Exit status 0 also when values were invalid or rejected",
    )
    _add_waiting(parser)


def _add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", default="1h", help="For everything: 90s, 30m, 1h (1h)")
    parser.add_argument(
        "--pause-timeout",
        default="30s",
        help="How long to wait while the tenant's delivery is paused (30s)",
    )


def _add_push(commands: Any, common: _Parser) -> None:
    push = commands.add_parser(
        "push",
        parents=[common],
        help="Send the predictions of a file",
        description="Sends the predictions of a CSV or JSON Lines file, plain or gzip.",
        epilog="Examples:\n"
        "  python -m peaksync push scores.csv --source churn --id-column external_id \\\n"
        "      --updated-at-column scored_at\n"
        "  unload | python -m peaksync push - --format jsonl --source clv --id-column id \\\n"
        "      --updated-at-column at --set-cursor max --server sync.example.com:7443\n\n"
        + EXIT_STATUS,
    )
    push.add_argument("file", help="The file, or - for standard input")
    _add_columns(push)
    add = push.add_argument
    add("--updated-at-column", help="Column with the time of each prediction; not sent itself")
    add("--updated-at", help="Time of all predictions, or now; wins over the column")
    add("--null-value", help="A CSV cell with this text unsets the attribute")
    add("--format", choices=("csv", "jsonl"), help="Default: by the file's name")
    add("--set-cursor", help="Cursor of the source once all is done: TIME, or max (the newest)")
    add("--rejects", help="Write the refused rows with line and reason (only you can read it)")
    _add_behaviour(push)


def _add_sync(commands: Any, common: _Parser) -> None:
    sync = commands.add_parser(
        "sync",
        parents=[common],
        help="Select from a database what changed since the last sync, and send it",
        description="Selects the rows whose time is newer than the source's cursor less the\n"
        "lookback, sends them, and moves the cursor when the run completes. The first sync\n"
        "selects everything.",
        epilog="Example:\n"
        "  python -m peaksync sync --source churn --driver snowflake.connector \\\n"
        "      --connect account=acme --connect user=peak --connect-env password=SNOWFLAKE_KEY \\\n"
        "      --query analytics.predictions --id-column customer_id \\\n"
        "      --updated-at-column scored_at --column-case lower --timezone UTC\n\n"
        "The query is run with `WHERE updated_at >= :since` around it, unless it holds :since.\n\n"
        + EXIT_STATUS,
    )
    _add_columns(sync)
    add = sync.add_argument
    add("--updated-at-column", required=True, help="Column with the time of each prediction")
    add("--driver", required=True, help="DB-API module: psycopg2, snowflake.connector, sqlite3 …")
    add(
        "--connect",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="An argument of the driver's connect(), as text",
    )
    add(
        "--connect-env",
        action="append",
        default=[],
        metavar="NAME=VARIABLE",
        help="The same, from an environment variable: for secrets",
    )
    add("--connect-file", help="The same, from a JSON file with one object")
    add("--query", help="A SELECT, or the name of a table")
    add("--query-file", help="File with the SELECT")
    add("--lookback", default="24h", help="Find rows that were committed so late (24h)")
    add("--since", help="Select from this time instead; the cursor moves only without a gap")
    add("--timezone", help="Zone of times without one: UTC, +02:00, Europe/London")
    add("--nulls", choices=("skip", "unset"), default="skip", help="NULL: skip (default) or unset")
    add("--column-case", choices=("lower",), help="Names of columns in lower case (Snowflake)")
    add(
        "--no-retry-rejections",
        action="store_true",
        help="Don't try values again that validation had refused",
    )
    add(
        "--retry-refused",
        action="store_true",
        help="Try again also what Braze itself has refused",
    )
    add("--rejects", help="Write the refused rows with their reasons (only you can read it)")
    _add_behaviour(sync)


def _add_runs(commands: Any, common: _Parser) -> None:
    runs = commands.add_parser(
        "runs",
        help="What became of sync runs",
        epilog="Example: python -m peaksync runs list --source churn",
    )
    kinds = runs.add_subparsers(dest="runs_command", required=True, metavar="COMMAND")
    example = "Example: python -m peaksync runs "
    listing = kinds.add_parser(
        "list",
        parents=[common],
        help="The newest runs",
        epilog=example + "list --source churn --limit 10 -o json",
    )
    listing.add_argument("--source", help="Only of this source")
    listing.add_argument("--limit", type=int, default=50, help="At most so many (50)")
    run_id = "01JC8Y3V5N8Q6W2R7T9X4B1K0M"
    show = kinds.add_parser(
        "show", parents=[common], help="One run", epilog=f"{example}show {run_id}"
    )
    show.add_argument("run", help="The run's id")
    watch = kinds.add_parser(
        "watch",
        parents=[common],
        help="Wait until Braze has answered all of a run",
        epilog=f"{example}watch {run_id} --timeout 10m",
    )
    watch.add_argument("run", help="The run's id")
    _add_waiting(watch)
    cancel = kinds.add_parser(
        "cancel",
        parents=[common],
        help="Withdraw a run: what of it still waits is not sent",
        epilog=f"{example}cancel {run_id}",
    )
    cancel.add_argument("run", help="The run's id")


def make_parser() -> argparse.ArgumentParser:
    """The commands with their flags, help and examples."""
    common = _common()
    parser = _Parser(
        prog="python -m peaksync",
        parents=[common],
        description="Brings a model's predictions into Braze, through a PeakSync service.",
        epilog="Example: python -m peaksync push scores.csv --source churn --id-column "
        "external_id\n`python -m peaksync COMMAND --help` says more.",
    )
    parser.add_argument("--version", action="version", version=f"peaksync-python {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Parser
    )
    _add_push(commands, common)
    _add_sync(commands, common)
    _add_runs(commands, common)
    last = commands.add_parser(
        "last-sync",
        parents=[common],
        help="The last successful sync of a source",
        epilog="Example: python -m peaksync last-sync --source churn -o json",
    )
    last.add_argument("--source", required=True, help="The source")
    return parser


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    """The flags as they were given; argparse ends the program with 2 where they are wrong."""
    return make_parser().parse_args(arguments)
