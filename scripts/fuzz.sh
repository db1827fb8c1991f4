#!/usr/bin/env bash
# Builds mockbraze's request path for libFuzzer (preset fuzz: clang, AddressSanitizer,
# UndefinedBehaviorSanitizer) and runs it from the corpus in tests/fuzz/corpus. Needs clang and
# libclang-rt-14-dev; scripts/setup.sh installs them with CI=true.
#
#   ./scripts/fuzz.sh            10 minutes
#   ./scripts/fuzz.sh 60         60 seconds
#
# New inputs go to build/fuzz/corpus, not into the repository. A finding ends it with its input in
# build/fuzz/findings and the command that replays it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds="${1:-600}"
if [[ "$seconds" == --help ]]; then
  sed --quiet '2,/^set /{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
  exit 0
fi
if [[ ! "$seconds" =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz.sh: '$seconds' is not a number of seconds; see --help" >&2
  exit 2
fi

target=mockbraze_request
program=build/fuzz/bin/${target}_fuzz
findings=build/fuzz/findings
cmake --preset fuzz
cmake --build --preset fuzz --target "${target}_fuzz"
mkdir -p build/fuzz/corpus "$findings"

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
status=0
"$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -max_len=16384 \
  -print_final_stats=1 -verbosity=1 -dict="tests/fuzz/$target.dict" \
  -artifact_prefix="$findings/" build/fuzz/corpus "tests/fuzz/corpus/$target" \
  >build/fuzz/fuzz.log 2>&1 || status=$?

if [[ $status -ne 0 ]]; then
  tail --lines=100 build/fuzz/fuzz.log >&2
  echo "fuzz.sh: a finding. Replay it, and put it into tests/fuzz/corpus/$target once mended:" >&2
  for input in "$findings"/*; do echo "  $program $input" >&2; done
  exit "$status"
fi
grep --extended-regexp '^stat::(number_of_executed|average_exec|peak_rss)' build/fuzz/fuzz.log
echo "fuzz.sh: $seconds s without a finding; the log is build/fuzz/fuzz.log"
