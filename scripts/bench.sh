#!/usr/bin/env bash
# Installs what is missing, builds (preset release), and measures: the parts with Google Benchmark,
# the mock alone with mockbraze-bench, then everything end to end with peaksync-bench.
# docs/performance.md explains the figures.
#
#   ./scripts/bench.sh                        100,000 customers
#   ./scripts/bench.sh --customers 1000000    any flag of peaksync-bench; --help shows them
#   ./scripts/bench.sh --parts                the parts alone
#   ./scripts/bench.sh --mock [--profiles N]  the mock alone, with any flag of mockbraze-bench
#   ./scripts/bench.sh --bin DIR …            takes the programs from there, builds nothing
#
# The JSON, end to end (with --mock: the mock's), goes to stdout, everything else, tables too, to
# stderr. Let the machine be quiet meanwhile: the figures are worth nothing beside a compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=
only=
while true; do
  case "${1:-}" in
    --bin) bin="${2:?--bin needs a folder}"; shift 2 ;;
    --parts | --mock) only="${1#--}"; shift ;;
    *) break ;;
  esac
done
program=peaksync-bench
if [[ "$only" == mock ]]; then program=mockbraze-bench; fi

if [[ -z "$bin" ]]; then
  targets=()
  if [[ "$only" == mock ]]; then targets=(--target mockbraze-bench); fi
  {
    ./scripts/setup.sh
    cmake --preset release -DPEAKSYNC_BENCH=ON
    cmake --build --preset release "${targets[@]}"
  } >&2
  bin=build/release/bin
fi
for flag in "$@"; do
  if [[ "$flag" == --help ]]; then exec "$bin/$program" --help; fi
done

# mock_bench [FLAG...]: its JSON to stdout, its figures beside their goals to stderr.
mock_bench() {
  printf '\n## mockbraze-bench\n' >&2
  local json
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
}

if [[ "$only" == mock ]]; then
  mock_bench "$@"
  exit 0
fi

for program in answer_bench decode_bench rows_bench track_body_bench ledger_bench; do
  printf '\n## %s\n' "$program" >&2
  "$bin/$program" >&2
done
if [[ "$only" == parts ]]; then exit 0; fi
mock_bench >/dev/null

printf '\n## peaksync-bench\n' >&2
json="$("$bin/peaksync-bench" "$@")"
echo "$json"
python3 - "$json" >&2 <<'PYTHON'
import json, sys

columns = "{:<16} {:>12} {:>14} {:>8} {:>8} {:>9} {:>9} {:>10} {:>10}"
print("\n" + columns.format("", "customers/s", "attributes/s", "ack p50", "ack p99", "requests",
                           "cpu us *", "peak MiB *", "written B"))
for name, phase in json.loads(sys.argv[1])["phases"].items():
    service, ack = phase["service"], phase["ack_latency_ms"]
    print(columns.format(
        name, f"{phase['customers_per_second']:,.0f}", f"{phase['attributes_per_second']:,.0f}",
        f"{ack['p50']:.1f} ms", f"{ack['p99']:.1f} ms", f"{phase['requests']:,}",
        f"{service['cpu_us_per_customer']:.1f}", f"{service['peak_memory_bytes'] / 2**20:.0f}",
        f"{phase['written_bytes_per_customer_to_exit']:,.0f}"))
print("* of the service; CPU and bytes are a customer's. The JSON has the mock's too.")
PYTHON
