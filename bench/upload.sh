#!/usr/bin/env bash
# upload.sh DISK [ROUNDS]: a raw disk into Kiln through its API (`kiln snapshot upload` to a running service), into
# restic and into borg (fixed 512 KiB chunks, zstd,1), and out of Kiln again; all in each round, so that ratios hold on
# a busy machine. Needs restic, borg.
set -euo pipefail
disk=$(readlink -f "${1:?usage: upload.sh DISK [ROUNDS]}")
rounds=${2:-3}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=${KILN_BENCH_PORT:-4597}
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$work/cache
export BORG_BASE_DIR=$work/borg-home BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes

dotnet publish src/Kiln.Host -c Release -o "$work/kiln" -v quiet -clp:ErrorsOnly
kiln=$work/kiln/kiln
timed() { # name command…: prints the wall seconds
  local name=$1 from
  shift
  from=$(date +%s%N)
  "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; return 1; }
  awk -v n="$name" -v ns="$(($(date +%s%N) - from))" 'BEGIN { printf "  %-22s %6.2f s\n", n, ns / 1e9 }'
}

stored() { du -sm "$2" | awk -v n="$1" '{ printf "  %-22s %6d MiB\n", n " stored", $1 }'; }

echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores, $disk, $(($(stat -c %s "$disk") >> 20)) MiB"
cat "$disk" >/dev/null
for round in $(seq "$rounds"); do
  echo "round $round, load average $(cut -d' ' -f1 /proc/loadavg)"
  rm -rf "$work/data" "$work/restic" "$work/borg"
  "$kiln" serve --data "$work/data" --listen "127.0.0.1:$port" --dev >"$work/log" 2>&1 &
  server=$!
  until curl -sf "$AWS_ENDPOINT_URL/_kiln/health" >/dev/null; do sleep 0.05; done
  timed "openssl sha256" openssl sha256 "$disk"
  timed "kiln upload" "$kiln" snapshot upload "$disk"
  snapshot=$(tail -1 "$work/out")
  awk '/VmHWM/ { printf "  %-22s %6d MiB\n", "service, peak memory", $2 / 1024 }' "/proc/$server/status"
  stored kiln "$work/data/us-east-1/blocks"
  timed "kiln upload encrypted" "$kiln" snapshot upload "$disk" --encrypted
  timed "kiln download" "$kiln" snapshot download "$snapshot" "$work/back.raw"
  rm -f "$work/back.raw"
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
  restic init -q -r "$work/restic"
  timed "restic backup" restic backup -q -r "$work/restic" "$disk"
  borg init -e none "$work/borg"
  timed "borg create" borg create --sparse --chunker-params fixed,524288 -C zstd,1 "$work/borg::a" "$disk"
  stored restic "$work/restic"
  stored borg "$work/borg"
done
