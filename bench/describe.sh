#!/usr/bin/env bash
# describe.sh [IMAGES ...]: DescribeImages by id, by a tag's value and as a whole, at each size; 10,000 and 100,000
# unless given. Builds, seeds a data folder of its own for each size, serves it in a process of its own, and prints what
# Kiln.Load says.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=${KILN_BENCH_PORT:-4597}

dotnet publish src/Kiln.Host -c Release -o "$work/kiln" -v quiet -clp:ErrorsOnly
dotnet build bench/Kiln.Load -c Release -v quiet -clp:ErrorsOnly >/dev/null
load() { dotnet bench/Kiln.Load/bin/Release/net10.0/Kiln.Load.dll "$@"; }
memory() { awk '/VmRSS|RssAnon/ { printf "%s %d MiB  ", $1, $2 / 1024 }' "/proc/$server/status"; echo; }

echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores, load average $(cut -d' ' -f1 /proc/loadavg)"
for images in "${@:-10000 100000}"; do
  for n in $images; do
    load seed "$work/$n/data" "$n"
    for start in first second; do
      [ -n "$server" ] && kill "$server" && wait "$server" 2>/dev/null
      from=$(date +%s%N)
      "$work/kiln/kiln" serve --data "$work/$n/data" --listen "127.0.0.1:$port" --dev >"$work/log" 2>&1 &
      server=$!
      until curl -sf "http://127.0.0.1:$port/_kiln/health" >/dev/null; do sleep 0.02; done
      echo "$start start: serving after $((($(date +%s%N) - from) / 1000000)) ms"
    done
    echo "idle:  $(memory)"
    load describe "http://127.0.0.1:$port" "$n" 4 10 "$server"
    echo "after: $(memory)"
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
    rm -rf "${work:?}/$n"
  done
done
