#!/usr/bin/env bash
# Builds the wheel of the Python package: client/python. Reaches no network; needs protoc, its
# plugin for Python, python3-setuptools and python3-wheel, which setup.sh installs.
#
#   ./scripts/build-wheel.sh [FOLDER]    default: build/python in the repository
#
# Prints the wheel's path. PYTHON is the interpreter, default /usr/bin/python3.
set -euo pipefail

case "${1:-}" in
  --help) sed --quiet '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
  -*) echo "build-wheel.sh: unknown argument $1; see --help" >&2; exit 2 ;;
esac
root="$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")"
folder="${1:-$root/build/python}"
python="${PYTHON:-/usr/bin/python3}"
mkdir --parents "$folder"
folder="$(realpath "$folder")"

# setuptools writes beside its sources, so it gets a copy.
work="$(mktemp --directory)"
trap 'rm --recursive --force "$work"' EXIT
cp --recursive "$root"/client/python/{pyproject.toml,setup.py,src} "$work"
find "$work" -name __pycache__ -prune -exec rm --recursive --force {} +

rm --force "$folder"/peaksync-*.whl
export PEAKSYNC_PROTO="$root/proto"
cd "$work"
name="$("$python" - "$folder" 2>"$work/log" <<'END'
import contextlib
import sys

from setuptools import build_meta

with contextlib.redirect_stdout(sys.stderr):
    name = build_meta.build_wheel(sys.argv[1])
print(name)
END
)" || { cat "$work/log" >&2; exit 1; }
echo "$folder/$name"
