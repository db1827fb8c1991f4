#!/usr/bin/env python3
"""Measures everything that docs/performance.md has goals for, and says what was reached.

    ./scripts/bench_table.py --bin build/release/bin --json result.json
    ./scripts/bench_table.py --bin build/release/bin --json result.json --quick

Runs peaksync-bench three times: a million customers (every phase, and the parts alone), four
tenants that share a million, ten million. Tables go to stdout as Markdown, everything that was
measured to --json, progress to stderr. --quick has a tenth of the customers: a look, not a result.
--docs puts tables and plots into docs/; --run measures one of the three only. Needs about 8 GB of
memory (--quick: 1) and 4 GB of disk.
Ends with 0 when everything could be measured, whether or not the goals are reached, else with 1.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import bench_figures
import plot_bench

CUSTOMERS = 1_000_000
TENANTS = 4
# With fewer it is only tried whether everything works.
CUSTOMERS_MIN = 10_000
# One update a message is slower by far than batches: a fifth of them shows it.
SINGLE_SHARE = 5


def runs_of(customers):
    """Name -> flags of peaksync-bench, in the order in which they are run."""
    single = max(1, customers // SINGLE_SHARE)
    return {
        "one": ["--customers", customers, "--parts"]
        + phases(
            "new",
            "changed,passes=2",
            "unchanged",
            "unchanged_newer",
            f"unchanged,batch=1,customers={single},as=unchanged_single",
            f"changed,batch=1,customers={single},as=changed_single",
            "changed,rate=half,as=changed_paced",
            "changed,latency=100ms,as=changed_100ms",
            "changed,latency=400ms,as=changed_400ms",
            "changed,latency=400ms,limiter=on,as=changed_400ms_limited",
        ),
        "tenants": ["--customers", max(1, customers // TENANTS), "--tenants", TENANTS]
        + phases("new", "changed", "unchanged"),
        "ten": ["--customers", 10 * customers]
        + phases(
            "new", f"changed,customers={2 * customers}", f"restart,customers={customers}"
        ),
    }


def phases(*specs):
    return [word for spec in specs for word in ("--phase", spec)]


def measure(binary, flags, folder, is_test):
    command = [str(binary / "peaksync-bench"), *map(str, flags)]
    if is_test:
        command += ["--fold-wait", "0ms"]
    if folder:
        command += ["--folder", str(folder)]
    print("\n" + " ".join(command), file=sys.stderr, flush=True)
    begin = time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if run.returncode != 0 and not run.stdout:
        sys.exit(f"bench_table.py: {command[0]} ended with {run.returncode}; see above")
    # One that failed late tells what it had measured before, and why it ended.
    return {"minutes": round((time.monotonic() - begin) / 60, 1), **json.loads(run.stdout)}


def write(file, result):
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def result_so_far(file, customers):
    """What earlier calls have measured, for --run."""
    result = {"customers": customers, "full": customers == CUSTOMERS, "runs": {}}
    if file.exists():
        result = json.loads(file.read_text(encoding="utf-8"))
    if result["customers"] != customers:
        sys.exit(f"bench_table.py: {file} has {result['customers']:,} customers, not {customers:,}")
    return result


def put_into_docs(docs, result, text):
    if any(run["failed"] for run in result["runs"].values()):
        return  # The plots need all figures.
    plots = {name: plot.__doc__.rstrip(".") for name, plot in plot_bench.PLOTS.items()}
    page = docs / "performance.md"
    figures = bench_figures.with_plots(text, "performance", plots)
    plot_bench.write_plots(result, docs / "performance")
    page.write_text(bench_figures.put_into(page.read_text(encoding="utf-8"), figures), "utf-8")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--json", type=pathlib.Path, required=True, help="where all figures go")
    parser.add_argument("--folder", type=pathlib.Path, help="where ledgers are put: on a disk")
    parser.add_argument("--quick", action="store_true", help="a tenth of the customers")
    parser.add_argument("--customers", type=int, help="instead of a million")
    parser.add_argument(
        "--run",
        action="append",
        choices=list(runs_of(CUSTOMERS)),
        help="only this one; the others are those of --json; repeatable",
    )
    parser.add_argument("--docs", action="store_true", help="put tables and plots into docs/")
    given = parser.parse_args()
    customers = given.customers or (CUSTOMERS // 10 if given.quick else CUSTOMERS)

    runs = runs_of(customers)
    if not given.run:
        given.json.unlink(missing_ok=True)
    result = result_so_far(given.json, customers)
    for name in given.run or runs:
        result["runs"][name] = measure(
            given.bin, runs[name], given.folder, customers < CUSTOMERS_MIN
        )
        # So that a later one that fails takes nothing with it.
        write(given.json, result)
    missing = [name for name in runs if name not in result["runs"]]
    if missing:
        sys.exit(f"bench_table.py: {given.json} lacks {', '.join(missing)}; give --run for each")
    result["goals"] = bench_figures.goals(result)
    write(given.json, result)
    text = bench_figures.markdown(result)
    print(text)
    if given.docs:
        put_into_docs(root / "docs", result, text)
    failed = [f"{name}: {run['failed']}" for name, run in result["runs"].items() if run["failed"]]
    if failed:
        sys.exit("bench_table.py: not everything was measured. " + "; ".join(failed))


if __name__ == "__main__":
    main()
