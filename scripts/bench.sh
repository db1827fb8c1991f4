#!/usr/bin/env bash
# Installs what is missing, builds (preset release), and measures: the parts with Google Benchmark,
# then everything end to end with peaksync-bench. docs/performance.md explains the figures.
#
#   ./scripts/bench.sh                        100,000 customers
#   ./scripts/bench.sh --customers 1000000    any flag of peaksync-bench; --help shows them
#   ./scripts/bench.sh --parts                the parts alone
#   ./scripts/bench.sh --bin DIR …            takes the programs from there, builds nothing
#
# The end-to-end JSON goes to stdout, everything else, a table of it too, to stderr. Let the machine
# be quiet meanwhile: the figures are worth nothing beside a compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=
parts_only=false
case "${1:-}" in
  --bin) bin="${2:?--bin needs a folder}"; shift 2 ;;
  --parts) parts_only=true; shift ;;
esac

if [[ -z "$bin" ]]; then
  {
    ./scripts/setup.sh
    cmake --preset release -DPEAKSYNC_BENCH=ON
    cmake --build --preset release
  } >&2
  bin=build/release/bin
fi
for flag in "$@"; do
  if [[ "$flag" == --help ]]; then exec "$bin/peaksync-bench" --help; fi
done

for program in answer_bench decode_bench track_body_bench ledger_bench; do
  printf '\n## %s\n' "$program" >&2
  "$bin/$program" >&2
done
if $parts_only; then exit 0; fi

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
