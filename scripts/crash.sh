#!/usr/bin/env bash
# Kills peaksyncd (kill -9) at random moments, under load and with Braze failing, and checks that
# nothing that was acknowledged is lost. Needs the programs: ./scripts/test.sh or
# `cmake --preset release && cmake --build --preset release`.
#
#   ./scripts/crash.sh                200 crashes
#   ./scripts/crash.sh 20             20 crashes
#   ./scripts/crash.sh 20 --seed 7    with the moments of an earlier run, as far as a machine can
#
# PEAKSYNC_BIN_DIR names another folder of programs. Exit status: 0 nothing was lost.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

crashes=200
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seed) export PEAKSYNC_CRASH_SEED="${2:?--seed needs a number}"; shift 2 ;;
    --help) sed --quiet '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    [1-9]*) crashes="$1"; shift ;;
    *) echo "crash.sh: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done
export PEAKSYNC_CRASHES="$crashes"
programs="${PEAKSYNC_BIN_DIR:-build/release/bin}"
if [[ ! -x "$programs/peaksyncd" ]]; then
  echo "crash.sh: there is no peaksyncd in $programs; see --help" >&2
  exit 2
fi
PEAKSYNC_BIN_DIR="$(realpath "$programs")"
export PEAKSYNC_BIN_DIR
cd tests/e2e
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m unittest --verbose crash_random_test
