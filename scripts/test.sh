#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test through CTest: as users run the programs,
# then under AddressSanitizer and UndefinedBehaviorSanitizer, and what has threads and links no gRPC
# under ThreadSanitizer. With CI=true warnings are errors.
#
#   ./scripts/test.sh                     all three
#   ./scripts/test.sh --preset asan       one preset of CMakePresets.json
#   ./scripts/test.sh --label unit        only tests with this label: unit, integration, e2e
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

presets=(release asan tsan)
if [[ "${CI:-}" == true ]]; then
  presets=(ci-release ci-asan ci-tsan)
fi
filter=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --preset) presets=("${2:?--preset needs a name}"); shift 2 ;;
    --label) filter=(--label-regex "^${2:?--label needs a label}\$"); shift 2 ;;
    --help) sed --quiet '2,/^set /{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "test.sh: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done

# Every finding ends the program, and with it the test.
asan=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export ASAN_OPTIONS="${ASAN_OPTIONS:-$asan}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"

# So that a fresh clone finds what another one has compiled.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-true}"

section() {
  local name="$1" start=$SECONDS
  shift
  echo "=== $name"
  "$@"
  echo "=== $name: $((SECONDS - start)) s"
}

section setup ./scripts/setup.sh
for preset in "${presets[@]}"; do
  section "configure $preset" cmake --preset "$preset"
  section "build $preset" cmake --build --preset "$preset"
  echo "=== test $preset"
  ctest --preset "$preset" "${filter[@]}"
done
