#!/usr/bin/env bash
# Packs mockbraze for everybody: a tarball with one static binary, which runs on any Linux of this
# architecture, whatever its C library, with its document and the examples. Prints path, size and
# SHA-256. The same sources, compiler and libraries give the same tarball. Needs the packages of
# ./scripts/setup.sh --mock.
#
#   ./scripts/package.sh                 build/package/mockbraze-VERSION-linux-ARCH.tar.gz
#   ./scripts/package.sh --build DIR     builds there instead of in build/package
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/package
while [[ $# -gt 0 ]]; do
  case "$1" in
    --build) build="${2:?--build needs a folder}"; shift 2 ;;
    --help) sed --quiet '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "package.sh: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done

# As test.sh has them, so that ccache knows what the tests' build has compiled.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-true}"
werror=OFF
if [[ "${CI:-}" == true ]]; then werror=ON; fi
./scripts/simdjson_source.sh "$build/simdjson" >&2
cmake --preset package -B "$build" -DPEAKSYNC_WERROR="$werror" >&2
cmake --build "$build" --target mockbraze >&2

version="$(sed --quiet 's/^CMAKE_PROJECT_VERSION:[A-Z]*=//p' "$build/CMakeCache.txt")"
name="mockbraze-$version-linux-$(uname --machine)"
rm --recursive --force "$build/stage"
folder="$build/stage/$name"
mkdir --parents "$folder/licenses"
strip --strip-all -o "$folder/mockbraze" "$build/bin/mockbraze"
cp LICENSE "$folder/LICENSE"
sed 's|](../examples/mockbraze/|](examples/|g' docs/mockbraze.md >"$folder/README.md"
cp docs/braze-contract.md "$folder/"
cp --recursive examples/mockbraze "$folder/examples"

# What is linked in asks for its notice to come along.
cp "$build/simdjson/LICENSE" "$folder/licenses/simdjson"
for package in libboost-dev libcli11-dev libjemalloc-dev libssl-dev libc6-dev libstdc++6; do
  notice="/usr/share/doc/$package/copyright"
  if [[ -e "$notice" ]]; then cp --dereference "$notice" "$folder/licenses/$package"; fi
done

# Sorted, of nobody, of no day, without what a run of the examples has left.
left_out=(--exclude={node_modules,package-lock.json,__pycache__,.pytest_cache})
chmod --recursive u=rwX,go=rX "$folder"
tar --create --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
  --mtime='2020-01-01 00:00:00 UTC' "${left_out[@]}" --directory="$build/stage" "$name" |
  gzip --no-name --best >"$build/$name.tar.gz"

echo "$build/$name.tar.gz"
echo "$(stat --format=%s "$build/$name.tar.gz") bytes"
echo "sha256 $(sha256sum <"$build/$name.tar.gz" | cut --delimiter=' ' --fields=1)"
