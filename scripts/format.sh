#!/usr/bin/env bash
# Formats all C++ of ours as .clang-format says. Needs clang-format 14 (Debian 12's; other versions
# format some things otherwise): apt-get install clang-format
#
#   ./scripts/format.sh            rewrites the files
#   ./scripts/format.sh --check    changes nothing and fails where it would
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=(-i)
case "${1:-}" in
  "") ;;
  --check) mode=(--dry-run --Werror) ;;
  *) echo "format.sh: unknown argument $1; only --check is known" >&2; exit 2 ;;
esac

find server client mockbraze tests bench -name '*.h' -print0 -o -name '*.cc' -print0 |
  xargs --null --no-run-if-empty clang-format --style=file "${mode[@]}"
