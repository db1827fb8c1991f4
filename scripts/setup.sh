#!/usr/bin/env bash
# Installs what PeakSync needs to be built and tested on Debian 12. Calls apt-get only when a
# package is missing, as root or through sudo. Newer releases have the same packages.
#
#   ./scripts/setup.sh           what users need: all programs, their tests, the demo
#   ./scripts/setup.sh --mock    only what mockbraze alone is built with, packed or not
#   ./scripts/setup.sh --all     also what only some tests need: pandas, PostgreSQL, other languages
#                                of the examples, a browser, clang for the fuzzer. So does CI=true.
#                                Without them those tests are left out.
set -euo pipefail

case "${1:-}" in
  "") wanted="${CI:-}" ;;
  --mock) wanted=mock ;;
  --all) wanted=true ;;
  --help) sed --quiet '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "setup.sh: unknown argument $1; see --help" >&2; exit 2 ;;
esac

packages=(
  # To build with.
  g++ cmake ninja-build ccache ca-certificates
  # mockbraze is made of these: cmake/PeakSyncDependencies.cmake.
  libboost-dev libcli11-dev libsimdjson-dev libssl-dev libjemalloc-dev
)
if [[ "$wanted" != mock ]]; then
  packages+=(
    # gRPC, Protocol Buffers, Abseil.
    libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev libabsl-dev
    # Everything else the other programs are made of.
    pkg-config libcurl4-openssl-dev libsqlite3-dev prometheus-cpp-dev libspdlog-dev
    libtomlplusplus-dev libxxhash-dev nlohmann-json3-dev libcpp-httplib-dev
    # What the client reads: gzip, PostgreSQL and Redshift, any database with an ODBC driver.
    zlib1g-dev libpq-dev unixodbc-dev
    # Tests, benchmarks, the demo.
    libgtest-dev libgmock-dev libbenchmark-dev python3 python3-grpcio python3-protobuf openssl curl
    # The wheel of client/python.
    python3-setuptools python3-wheel
  )
fi
if [[ "$wanted" == true ]]; then
  packages+=(
    python3-pytest python3-pandas python3-venv python3-psycopg2 python3-yaml
    postgresql odbc-postgresql
    ruby ruby-minitest chromium chromium-driver clang libclang-rt-dev binutils
  )
  # One that is there already may be newer than Debian's, and no package of Debian's.
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
fi

is_installed() {
  local status
  status="$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" || return 1
  [[ "$status" == installed ]]
}

if ! command -v dpkg-query >/dev/null; then
  echo "setup.sh: this is no Debian. Install by hand what these packages hold: ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

as_root=()
if [[ "$(id --user)" -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --option Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null
