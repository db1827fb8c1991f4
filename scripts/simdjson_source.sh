#!/usr/bin/env bash
# Fetches the source of simdjson that this Debian's own package is made from, for binaries that link
# it statically: Debian has it as a shared library only. apt checks the signature.
#
#   ./scripts/simdjson_source.sh FOLDER     leaves singleheader/ and LICENSE there
set -euo pipefail

folder="${1:?simdjson_source.sh: name the folder to write to}"
if [[ -e "$folder/singleheader/simdjson.cpp" ]]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "simdjson_source.sh: no Debian; put simdjson's singleheader/ and LICENSE into $folder" >&2
  exit 1
fi

work="$(mktemp --directory)"
trap 'rm --recursive --force "$work"' EXIT
mkdir --parents "$work/lists/partial"
# Where the packages come from, their sources do too.
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Identifier: Packages' | sort --unique >"$work/sources.list"
apt=(apt-get --quiet=2 --option Dir::Etc::SourceList="$work/sources.list"
  --option Dir::Etc::SourceParts=- --option Dir::State::Lists="$work/lists"
  --option Dir::Cache::pkgcache= --option Dir::Cache::srcpkgcache=
  --option APT::Sandbox::User=root)
"${apt[@]}" update
cd "$work"
"${apt[@]}" source --download-only simdjson
mkdir unpacked
tar --extract --file simdjson_*.orig.tar.* --directory=unpacked --strip-components=1
cd - >/dev/null
mkdir --parents "$folder"
cp --recursive "$work/unpacked/singleheader" "$work/unpacked/LICENSE" "$folder/"
