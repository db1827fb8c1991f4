#!/usr/bin/env bash
# Installs what is missing, builds (preset release), and measures. docs/performance.md explains the
# figures.
#
#   ./scripts/bench.sh                        everything that there is a goal for, beside the goal
#   ./scripts/bench.sh --quick                the same with a tenth of the customers: a look
#   ./scripts/bench.sh --docs                 the same, and puts tables and plots into docs/
#   ./scripts/bench.sh --loop [FLAG…]         one run of peaksync-bench, with its flags; --help
#   ./scripts/bench.sh --parts                the parts alone, with Google Benchmark
#   ./scripts/bench.sh --client [FLAG…]       5,000,000 rows of a CSV file and of a PostgreSQL table
#   ./scripts/bench.sh --mock [FLAG…]         the mock alone, with the flags of mockbraze-bench
#   ./scripts/bench.sh --bin DIR …            takes the programs from there, builds nothing
#
# Without a mode, or with --quick or --docs, tables go to stdout as Markdown and all figures to
# build/bench.json (--json FILE), which scripts/plot_bench.py draws; any other flag of
# scripts/bench_table.py may follow. With --loop and --mock JSON goes to stdout and tables to
# stderr. Let the machine be quiet meanwhile: the figures are worth nothing beside a compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=
mode=table
while true; do
  case "${1:-}" in
    --bin) bin="${2:?--bin needs a folder}"; shift 2 ;;
    --loop | --parts | --client | --mock) mode="${1#--}"; shift ;;
    *) break ;;
  esac
done
if [[ "$mode" == table && "${1:-}" == --help ]]; then
  sed --quiet '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
  exit 0
fi

if [[ -z "$bin" ]]; then
  targets=()
  if [[ "$mode" == mock ]]; then targets=(--target mockbraze-bench); fi
  {
    ./scripts/setup.sh
    cmake --preset release -DPEAKSYNC_BENCH=ON
    cmake --build --preset release "${targets[@]}"
  } >&2
  bin=build/release/bin
fi

case "$mode" in
  table)
    mkdir -p build
    exec python3 scripts/bench_table.py --bin "$bin" --json build/bench.json "$@"
    ;;
  loop) exec "$bin/peaksync-bench" "$@" ;;
  client) exec python3 scripts/bench_client.py --bin "$bin" "$@" ;;
  parts)
    for program in answer_bench decode_bench pack_bench rows_bench track_body_bench ledger_bench; do
      printf '\n## %s\n' "$program"
      "$bin/$program" "$@"
    done
    ;;
  mock)
    for flag in "$@"; do
      if [[ "$flag" == --help ]]; then exec "$bin/mockbraze-bench" --help; fi
    done
    json="$("$bin/mockbraze-bench" "$@")"
    echo "$json"
    python3 - "$json" >&2 <<'PYTHON'
import json, sys

found = json.loads(sys.argv[1])
memory, flight = found["memory"], found["in_flight"]
for name, what in (("track_new", "new profiles"), ("track", "changed profiles")):
    track = found[name]
    print(f"{what}: {track['requests_per_second']:,.0f} requests/s "
          f"({track['objects_per_second']:,.0f} objects/s) on one core; "
          f"{track['requests_per_cpu_second']:,.0f} requests per CPU second (goal 5,000)")
print(f"memory: {memory['resident_bytes'] / 2**20:,.0f} MiB with {memory['profiles']:,} profiles, "
      f"{memory['bytes_per_profile']:,.0f} bytes each (goal 1,024 MiB with 1,000,000)")
print(f"in flight at {flight['latency']}: {flight['max_in_flight']:,} requests on "
      f"{flight['threads']} threads, {flight['requests_per_second']:,.0f} requests/s (goal 1,000)")
PYTHON
    ;;
esac
