#!/usr/bin/env bash
# Builds what reads other people's input for libFuzzer (preset fuzz: clang, AddressSanitizer,
# UndefinedBehaviorSanitizer) and runs it from the corpora in tests/fuzz/corpus. Needs clang and
# libclang-rt-14-dev (`apt-get install clang libclang-rt-14-dev`).
#
#   ./scripts/fuzz.sh                      every target, 10 minutes each, two at a time
#   ./scripts/fuzz.sh 60                   60 seconds each
#   ./scripts/fuzz.sh 60 csv_rows          one target: mockbraze_request, stream_batch, csv_rows,
#                                          jsonl_rows, braze_answer or configuration
#
# New inputs go to build/fuzz/corpus, not into the repository. A finding ends it with its input in
# build/fuzz/findings and the command that replays it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=(mockbraze_request stream_batch csv_rows jsonl_rows braze_answer configuration)
seconds="${1:-600}"
if [[ "$seconds" == --help ]]; then
  sed --quiet '2,/^set /{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
  exit 0
fi
if [[ ! "$seconds" =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz.sh: '$seconds' is not a number of seconds; see --help" >&2
  exit 2
fi
targets=("${all[@]}")
if [[ $# -ge 2 ]]; then
  if [[ " ${all[*]} " != *" $2 "* ]]; then
    echo "fuzz.sh: there is no target '$2'; see --help" >&2
    exit 2
  fi
  targets=("$2")
fi

cmake --preset fuzz
cmake --build --preset fuzz --target "${targets[@]/%/_fuzz}"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"

fuzz() {
  local target="$1" status=0
  local program="build/fuzz/bin/${target}_fuzz" findings="build/fuzz/findings/$target"
  local log="build/fuzz/$target.log" dictionary=()
  if [[ -f "tests/fuzz/$target.dict" ]]; then dictionary=(-dict="tests/fuzz/$target.dict"); fi
  mkdir -p "build/fuzz/corpus/$target" "$findings"
  "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=16384 \
    -print_final_stats=1 -verbosity=1 "${dictionary[@]}" -artifact_prefix="$findings/" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1 || status=$?
  if [[ $status -ne 0 ]]; then
    tail --lines=100 "$log" >&2
    echo "fuzz.sh: a finding. Replay it, and put it into tests/fuzz/corpus/$target once mended:" >&2
    for input in "$findings"/*; do echo "  $program $input" >&2; done
    return "$status"
  fi
  local executed
  executed=$(sed --quiet 's/^stat::number_of_executed_units: *//p' "$log")
  echo "fuzz.sh: $target: $seconds s, $executed executions, no finding; the log is $log"
}

failed=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  fuzz "${targets[i]}" & first=$!
  second=
  if [[ -n "${targets[i + 1]:-}" ]]; then fuzz "${targets[i + 1]}" & second=$!; fi
  wait "$first" || failed=1
  if [[ -n "$second" ]]; then wait "$second" || failed=1; fi
done
exit "$failed"
