#!/usr/bin/env bash
# Plays histories of the ledger and the lane in virtual time, on a disk that forgets and against a
# Braze with every fault (tests/simulation), and prints how often each row of docs/design.md
# sections 4 and 5 and each fault occurred. A seed that breaks a rule is printed with its replay.
#
#   ./scripts/simulate.sh                     10,000 seeds on all cores
#   ./scripts/simulate.sh --seeds 500         so many, from 1 on
#   ./scripts/simulate.sh --replay 218        one seed, step by step
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arguments=(--seeds 1..10000 --all)
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seeds) arguments=(--seeds "1..${2:?--seeds needs a number}" --all); shift 2 ;;
    --replay) arguments=(--seed "${2:?--replay needs a seed}" --verbose); shift 2 ;;
    --help) sed --quiet '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "simulate.sh: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done

preset=release
if [[ "${CI:-}" == true ]]; then
  preset=ci-release
fi
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target simulate >/dev/null
exec "build/$preset/bin/simulate" "${arguments[@]}"
