#!/usr/bin/env python3
"""Measures the client: rows of a CSV file and of a table into Braze, end to end.

    ./scripts/bench_client.py --bin build/release/bin
    ./scripts/bench_client.py --bin build/release/bin --rows 100000 --json result.json

Makes --rows rows of five attributes (default 5,000,000) as a CSV file and, where PostgreSQL is
installed, as a table of a server of its own; starts mockbraze and peaksyncd; and runs peaksync as
its users do:

    new         the file pushed, all of it new to Braze, whose limit is 75,000 a second
    unchanged   the file pushed again: everything is streamed, decided and dropped
    table       the table by `sync`, which is unchanged too

The table goes to stdout, with rows/s by the clock of the whole command and the client's peak of
memory; all figures to --json. Ends with 1 when a command failed or counted wrongly.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = 5_000_000
SCORED_AT = "2026-09-07T02:00:00Z"
TOKEN = "token-of-the-bench-0123456789"
TEMPLATE = """[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "ledger"
[tenants.bench]
token_file = "bench.tokens"
[tenants.bench.braze]
workspace = "bench"
endpoint = "{url}"
api_key_file = "bench.key"
rate_share = 1.0
"""
JOBS = """[databases.postgres]
kind = "postgresql"
connection = "host={socket} dbname=postgres user=admin"
[jobs.churn]
table = "scores"
id_column = "external_id"
updated_at_column = "scored_at"
"""


def write_rows(path, rows):
    """A CSV file; the same for the same number of rows."""
    values = random.Random(1)
    plans = ["basic", "plus", "premium", "family"]
    with open(path, "w", encoding="ascii") as file:
        file.write("external_id,churn,value,visits,active,plan,scored_at\n")
        for row in range(rows):
            file.write(
                f"{row:016x},{values.random():.6f},{values.random() * 900:.2f},"
                f"{values.randrange(100_000)},{'true' if row % 3 else 'false'},"
                f"{plans[row % 4]},{SCORED_AT}\n"
            )


def run(binary, arguments, folder, address):
    """Seconds, peak memory and result of one command."""
    environment = {**os.environ, "PEAKSYNC_SERVER": address, "PEAKSYNC_TOKEN": TOKEN}
    begin = time.monotonic()
    child = subprocess.Popen(
        [str(binary / "peaksync"), *arguments, "-o", "json", "--no-progress"],
        stdout=subprocess.PIPE, cwd=folder, env=environment,
    )
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begin
    if child.returncode != 0:
        sys.exit(f"bench_client.py: peaksync {arguments[0]} ended with {child.returncode}")
    return seconds, usage, json.loads(output)


def measure(name, rows, done):
    seconds, usage, document = done
    if document["rows"]["read"] != rows:
        sys.exit(f"bench_client.py: {name} read {document['rows']['read']:,} rows, not {rows:,}")
    return {
        "rows_per_second": round(rows / seconds),
        "seconds": round(seconds, 2),
        "cpu_us_per_row": round((usage.ru_utime + usage.ru_stime) * 1e6 / rows, 2),
        "peak_memory_bytes": usage.ru_maxrss * 1024,
    }


def measure_all(binary, rows, folder):
    import postgres  # Of the end-to-end tests, as is process.
    import process

    write_rows(folder / "rows.csv", rows)
    mock = process.Mock(folder)
    for name, text in (("bench.tokens", TOKEN), ("bench.key", "key")):
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    (folder / "peaksyncd.toml").write_text(TEMPLATE.format(url=mock.url))
    service = process.Service(folder / "peaksyncd.toml")
    push = ["push", "rows.csv", "--source", "churn", "--id-column", "external_id",
            "--updated-at-column", "scored_at"]
    result = {}

    def note(name, arguments):
        done = run(binary, arguments, folder, service.address)
        result[name] = measure(name, rows, done)
        print(f"{name}: {result[name]}", file=sys.stderr, flush=True)

    database = None
    try:
        note("new", push)
        note("unchanged", push)
        if postgres.BIN is not None:
            database = postgres.Postgres()
            database.sql(
                "CREATE TABLE scores (external_id text, churn float8, value float8, visits int8, "
                "active bool, plan text, scored_at timestamptz)"
            )
            with open(folder / "rows.csv", encoding="ascii") as file:
                database.sql("COPY scores FROM STDIN WITH (FORMAT csv, HEADER)", stdin=file)
            (folder / "jobs.toml").write_text(JOBS.format(socket=database.folder))
            note("table", ["sync", "churn", "--since", SCORED_AT, "--state-dir", str(folder)])
    finally:
        if database is not None:
            database.stop()
        service.kill()
        mock.kill()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"default {ROWS:,}")
    parser.add_argument("--json", type=pathlib.Path, help="where all figures go")
    parser.add_argument("--folder", type=pathlib.Path, help="where file and ledger lie: on a disk")
    given = parser.parse_args()
    os.environ["PEAKSYNC_BIN_DIR"] = str(given.bin.resolve())
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-bench-", dir=given.folder))
    try:
        result = measure_all(given.bin.resolve(), given.rows, folder)
    finally:
        shutil.rmtree(folder)
    if given.json:
        given.json.write_text(json.dumps({"rows": given.rows, **result}, indent=1) + "\n")
    print(f"| {given.rows:,} rows | rows/s | client CPU µs a row | client peak MiB |")
    print("| --- | --- | --- | --- |")
    for name, found in result.items():
        peak = found["peak_memory_bytes"] / 2**20
        print(f"| {name} | {found['rows_per_second']:,} | {found['cpu_us_per_row']} | {peak:.0f} |")


if __name__ == "__main__":
    main()
