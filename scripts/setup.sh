#!/usr/bin/env bash
# Installs what PeakSync needs to be built and tested on Debian 12. Calls apt-get only when a
# package is missing, as root or through sudo. Newer releases have the same packages.
#
#   ./scripts/setup.sh
set -euo pipefail

packages=(
  # To build with.
  g++ cmake ninja-build ccache pkg-config ca-certificates
  # gRPC, Protocol Buffers, Abseil.
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev libabsl-dev
  # Everything else the programs are made of: cmake/PeakSyncDependencies.cmake.
  libcurl4-openssl-dev libssl-dev libsqlite3-dev libboost-dev prometheus-cpp-dev libspdlog-dev
  libtomlplusplus-dev libcli11-dev libsimdjson-dev libxxhash-dev nlohmann-json3-dev
  libcpp-httplib-dev
  # Tests, benchmarks, the demo.
  libgtest-dev libgmock-dev libbenchmark-dev python3 python3-grpcio python3-protobuf openssl curl
)
# The mock's page is tested in a browser where there is one, and always in CI.
if [[ "${CI:-}" == true ]]; then
  packages+=(chromium chromium-driver)
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
