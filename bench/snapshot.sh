#!/usr/bin/env bash
# snapshot.sh DISKDIR [ROUNDS]: snapshots of a volume through the API of a running service, day-2 increments, and what
# `kiln snapshot download` and `upload` do, against restic, borg and openssl on the same disk in the same round.
# DISKDIR holds day1.raw, day2.raw and day2.dirty. KILN_BIN and LOAD_BIN name builds that are there already; ONLY=kiln
# leaves the peers out. Needs restic, borg, nbdcopy, qemu-io.
# Prints a line a measurement (round, tool, work, wall seconds, and for stores and processes MiB), then medians.
set -euo pipefail
disk=$(readlink -f "${1:?usage: snapshot.sh DISKDIR [ROUNDS]}")
rounds=${2:-3}
cd "$(dirname "$0")/.."
for tool in restic borg nbdcopy qemu-io; do
  command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done
work=$(mktemp -d "$disk/.snapshot.XXXXXX")
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=${KILN_BENCH_PORT:-4596}
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$work/cache BORG_BASE_DIR=$work/borg-home
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
kiln=${KILN_BIN:-} load=${LOAD_BIN:-}
publish() { dotnet publish "$1" -c Release -o "$2" -v quiet -clp:ErrorsOnly; }
[ -n "$kiln" ] || { publish src/Kiln.Host "$work/kiln"; kiln=$work/kiln/kiln; }
[ -n "$load" ] || { publish bench/Kiln.Load "$work/load"; load=$work/load/Kiln.Load; }

note() { printf '%s %s %s %s\n' "$round" "$1" "$2" "$3" | tee -a "$work/all"; }
timed() { # tool work command…
  local tool=$1 what=$2 from
  shift 2
  sync
  from=$(date +%s%N)
  "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; return 1; }
  note "$tool" "$what" "$(awk -v ns="$(($(date +%s%N) - from))" 'BEGIN { printf "%.2f", ns / 1e9 }')"
}
stored() { note "$1" "stored-MiB" "$(du -sm --apparent-size "$2" | cut -f1)"; }
call() { curl -sSf --aws-sigv4 aws:amz:us-east-1:ec2 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  "$AWS_ENDPOINT_URL/" -d "Action=$1&Version=2016-11-15$2"; }
volume() { # [more parameters]: makes a volume of the disk's size and prints its id
  local id
  id=$(call CreateVolume "&AvailabilityZone=us-east-1a&Size=4${1:-}" | grep -o 'vol-[0-9a-f]*' | head -1)
  until call DescribeVolumes "&VolumeId.1=$id" | grep -q '<status>available'; do sleep 0.05; done
  echo "$id"
}
nbd() { echo "nbd+unix:///$1?socket=$work/data/nbd.sock"; }
cut_of() { # work volume: a snapshot; leaves its id in $snapshot
  local called completed
  sync
  read -r snapshot called completed < <("$load" cut "$AWS_ENDPOINT_URL" "$2")
  note kiln "$1-call" "$called"
  note kiln "$1" "$completed"
}
write_day2() { # volume: the changed blocks, as a guest would write them
  local commands=() block
  rm -rf "$work/blocks" && mkdir "$work/blocks"
  while read -r block; do
    dd if="$disk/day2.raw" of="$work/blocks/$block" bs=512K skip="$block" count=1 status=none
    commands+=(-c "write -s $work/blocks/$block $((block * 524288)) 524288")
  done <"$disk/day2.dirty"
  qemu-io -f raw "${commands[@]}" -c flush "$(nbd "$1")" >/dev/null
}
start() {
  rm -rf "$work/data"
  "$kiln" serve --data "$work/data" --listen "127.0.0.1:$port" --dev >"$work/log" 2>&1 &
  server=$!
  until curl -sf "$AWS_ENDPOINT_URL/_kiln/health" >/dev/null; do sleep 0.05; done
}
stop() { kill "$server"; wait "$server" 2>/dev/null || true; server=; }
peak() { note kiln "$1-MiB" "$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$server/status")"; }

kiln_round() {
  local plain encrypted first
  start
  plain=$(volume)
  nbdcopy "$disk/day1.raw" "$(nbd "$plain")"
  cut_of full "$plain"; first=$snapshot
  peak full-memory
  stored kiln "$work/data/us-east-1/blocks"
  write_day2 "$plain"
  cut_of day2 "$plain"
  timed kiln restore "$kiln" snapshot download "$first" "$work/back.raw"
  cmp "$work/back.raw" "$disk/day1.raw"; rm "$work/back.raw"
  stop
  start
  encrypted=$(volume '&Encrypted=true')
  nbdcopy "$disk/day1.raw" "$(nbd "$encrypted")"
  cut_of full-encrypted "$encrypted"
  stop
  start
  timed kiln upload "$kiln" snapshot upload "$disk/day1.raw"
  peak upload-memory
  stop
}
peers_round() {
  timed openssl sha256 openssl sha256 "$disk/day1.raw"
  restic init -q -r "$work/restic"
  timed restic full restic backup -q -r "$work/restic" "$disk/day1.raw"
  timed restic day2 restic backup -q -r "$work/restic" "$disk/day2.raw"
  timed restic restore restic -q -r "$work/restic" restore --path "$disk/day1.raw" latest --target "$work/x"
  rm -rf "$work/restic" "$work/x" "$work/cache"
  borg init -e none "$work/borg"
  local like=(--sparse --chunker-params fixed,524288 -C zstd,1)
  timed borg full borg create "${like[@]}" "$work/borg::a" "$disk/day1.raw"
  stored borg "$work/borg"
  timed borg day2 borg create "${like[@]}" "$work/borg::b" "$disk/day2.raw"
  mkdir "$work/x"
  (cd "$work/x" && timed borg restore borg extract --sparse "$work/borg::a")
  rm -rf "$work/x" "$work/borg"
}

echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores"
for round in $(seq "$rounds"); do
  echo "# round $round, load average $(cut -d' ' -f1 /proc/loadavg)"
  cat "$disk/day1.raw" "$disk/day2.raw" >/dev/null
  kiln_round
  [ "${ONLY:-}" = kiln ] || peers_round
done
python3 - "$work/all" <<'PY'
import sys, statistics, collections
by = collections.defaultdict(list)
for line in open(sys.argv[1]):
    _, tool, work, value = line.split()
    by[tool, work].append(float(value))
median = {k: statistics.median(v) for k, v in by.items()}
print("\n| tool | work | median | range |\n|---|---|---|---|")
for (tool, work), value in sorted(median.items()):
    print(f"| {tool} | {work} | {value:g} | {min(by[tool, work]):g} to {max(by[tool, work]):g} |")
goals = [("restic", "full", "full", 3.5), ("borg", "full", "full", 2.2), ("restic", "day2", "day2", 25),
         ("borg", "day2", "day2", 12), ("restic", "restore", "restore", 4), ("borg", "restore", "restore", 2)]
print("\n| ratio | here | goal |\n|---|---|---|")
for tool, theirs, ours, goal in goals:
    if (tool, theirs) in median:
        print(f"| {theirs}: {tool} / kiln | {median[tool, theirs] / median['kiln', ours]:.2f} | at least {goal} |")
ratio = lambda a, b: median[a] / median[b] if a in median and b in median else float("nan")
print(f"| full: kiln / openssl sha256 | {ratio(('kiln', 'full'), ('openssl', 'sha256')):.2f} | at most 1.0 |")
print(f"| encrypted / plain | {ratio(('kiln', 'full-encrypted'), ('kiln', 'full')):.2f} | at most 1.06 |")
print(f"| stored: kiln / borg | {ratio(('kiln', 'stored-MiB'), ('borg', 'stored-MiB')):.2f} | at most 1.04 |")
PY
