#!/usr/bin/env bash
# PeakSync in a minute: installs what is missing, builds, starts a mock of Braze and the service on
# free loopback ports, pushes a model's predictions twice and then its next run, and shows what
# arrived. Stops everything it started; nothing stays but the build.
#
#   ./scripts/demo.sh              builds build/release first
#   ./scripts/demo.sh --bin DIR    takes peaksyncd, peaksync and mockbraze from there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

customer=C-00213  # The next run of the model sees this one in another light.
bin=
case "${1:-}" in
  "") ;;
  --bin) bin="${2:?--bin needs a folder}" ;;
  *) echo "demo.sh: unknown argument $1; only --bin DIR is known" >&2; exit 2 ;;
esac

if [[ -z "$bin" ]]; then
  ./scripts/setup.sh
  cmake --preset release
  cmake --build --preset release --target peaksyncd peaksync mockbraze
  bin=build/release/bin
fi

folder="$(mktemp --directory)"
started=()
stop_all() {
  local status=$?
  trap - EXIT
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" || status=$((status == 0 ? 1 : status)); done
  if [[ $status -ne 0 && $status -lt 128 ]]; then tail --lines=50 "$folder"/*.log >&2 || true; fi
  rm --recursive --force "$folder"
  exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

caption() { printf '\n## %s\n\n' "$*"; }

# Waits for a line of a log and prints what the pattern's group holds: await PID LOG PATTERN
await() {
  local found
  for _ in $(seq 300); do
    found="$(sed --quiet --regexp-extended "s|.*$3.*|\1|p" "$2" | head --lines=1)"
    if [[ -n "$found" ]]; then
      echo "$found"
      return
    fi
    kill -0 "$1" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

umask 077
openssl rand -hex 32 >"$folder/acme.tokens"
openssl rand -hex 16 >"$folder/acme.braze-key"

touch "$folder/mock.log" "$folder/peaksyncd.log"
MOCKBRAZE_API_KEY="$(cat "$folder/acme.braze-key")" \
  "$bin/mockbraze" --listen 127.0.0.1:0 >"$folder/mock.log" 2>&1 &
started+=($!)
mock="$(await $! "$folder/mock.log" 'listening on (http://[0-9.:]+)')"

cat >"$folder/peaksyncd.toml" <<END
server.listen = "127.0.0.1:0"
admin.listen = "127.0.0.1:0"
ledger.path = "ledger"
[tenants.acme]
token_file = "acme.tokens"
[tenants.acme.braze]
workspace = "acme-demo"
endpoint = "$mock"
api_key_file = "acme.braze-key"
END
"$bin/peaksyncd" --config "$folder/peaksyncd.toml" 2>"$folder/peaksyncd.log" &
started+=($!)
port="$(await $! "$folder/peaksyncd.log" '"grpc_port":([0-9]+)')"

push() {
  "$bin/peaksync" push "$1" --source churn --id-column external_id --updated-at-column scored_at \
    --server "127.0.0.1:$port" --token-file "$folder/acme.tokens" --no-progress
  echo
  curl --silent --fail "$mock/_mock/stats" | python3 -c '
import json, sys
stats = json.load(sys.stdin)
print("Braze has seen so far: {requests} requests, {attribute_objects} customers, "
      "{attribute_values} values, {unchanged_values} of them for nothing".format(**stats))'
}
show_customer() {
  curl --silent --fail "$mock/_mock/users?external_id=$customer" | python3 -c '
import json, sys
for name, value in json.load(sys.stdin)["custom_attributes"].items():
    print(f"{name:20}{json.dumps(value)}")'
}

caption "A model has scored its customers: all of it is new to Braze"
push examples/predictions-run1.csv
caption "The same file again: Braze has it all, nothing is sent"
push examples/predictions-run1.csv
caption "Customer $customer, as Braze holds it"
show_customer
caption "A week later the model runs again: only what changed is sent"
push examples/predictions-run2.csv
caption "Customer $customer now"
show_customer
