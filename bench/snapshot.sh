#!/usr/bin/env bash
# snapshot.sh DISKDIR [ROUNDS [SECTION…]]: snapshots of a volume through the API of a running service, day-2
# increments and what `kiln snapshot download` and `upload` do, against restic, borg and openssl on the same disk in
# the same round. DISKDIR holds day1.raw, day2.raw and day2.dirty. KILN_BIN and LOAD_BIN name builds that are there
# already. Sections: build, kiln (a fresh service: full-cold, day2, restore, memory), warm (a small snapshot of
# other bytes first, then full and full-encrypted), upload, peers, dense (recompression of everything), table. All
# of them without names, in this order; kiln, warm, upload and peers once a round. What is done is kept in KEEP
# (DISKDIR/snapshot-bench) and not done again, so that a run may be cut in pieces; removing it begins anew. Needs
# restic, borg, nbdcopy, qemu-io. Prints a line a measurement (round, tool, work, wall seconds, and for stores and
# processes MiB), then medians and ratios.
set -euo pipefail
disk=$(readlink -f "${1:?usage: snapshot.sh DISKDIR [ROUNDS [SECTION…]]}")
rounds=${2:-3}
sections=("${@:3}")
[ ${#sections[@]} -gt 0 ] || sections=(build kiln warm upload peers dense table)
cd "$(dirname "$0")/.."
for tool in restic borg nbdcopy qemu-io; do
  command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done
keep=${KEEP:-$disk/snapshot-bench}
mkdir -p "$keep"
work=$(mktemp -d "$keep/.work.XXXXXX")
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=${KILN_BENCH_PORT:-4596}
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$work/cache BORG_BASE_DIR=$work/borg-home
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
kiln=${KILN_BIN:-$keep/kiln/kiln} load=${LOAD_BIN:-$keep/load/Kiln.Load}

note() { printf '%s %s %s %s\n' "$round" "$1" "$2" "$3" | tee -a "$work/lines"; }
timed() { # tool work command…
  local tool=$1 what=$2 from
  shift 2
  sync
  from=$(date +%s%N)
  "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; return 1; }
  note "$tool" "$what" "$(awk -v ns="$(($(date +%s%N) - from))" 'BEGIN { printf "%.2f", ns / 1e9 }')"
}
mib() { du -sm --apparent-size --exclude=trash "$1" | cut -f1; }
call() { curl -sSf --aws-sigv4 aws:amz:us-east-1:ec2 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  "$AWS_ENDPOINT_URL/" -d "Action=$1&Version=2016-11-15$2"; }
volume() { # [more parameters]: makes a volume of the disk's size and prints its id
  local id
  id=$(call CreateVolume "&AvailabilityZone=us-east-1a&Size=4${1:-}" | grep -o 'vol-[0-9a-f]*' | head -1)
  until call DescribeVolumes "&VolumeId.1=$id" | grep -q '<status>available'; do sleep 0.05; done
  echo "$id"
}
nbd() { echo "nbd+unix:///$1?socket=$data/nbd.sock"; }
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
start() { # [data [more arguments]]: without data a fresh service that leaves recompression alone
  data=${1:-$work/data}
  [ $# -gt 0 ] || { rm -rf "$data"; set -- "$data" --recompress-idle-seconds 86400; }
  "$kiln" serve --data "$data" --listen "127.0.0.1:$port" --dev "${@:2}" >"$work/log" 2>&1 &
  server=$!
  until curl -sf "$AWS_ENDPOINT_URL/_kiln/health" >/dev/null; do sleep 0.05; done
}
stop() { kill "$server"; wait "$server" 2>/dev/null || true; server=; }
peak() { note kiln "$1-MiB" "$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$server/status")"; }

section_build() {
  [ -n "${KILN_BIN:-}" ] || dotnet publish src/Kiln.Host -c Release -o "$keep/kiln" -v quiet -clp:ErrorsOnly
  [ -n "${LOAD_BIN:-}" ] || dotnet publish bench/Kiln.Load -c Release -o "$keep/load" -v quiet -clp:ErrorsOnly
}
section_kiln() {
  local volume first
  start
  volume=$(volume)
  nbdcopy "$disk/day1.raw" "$(nbd "$volume")"
  cut_of full-cold "$volume"; first=$snapshot
  peak full-memory
  note kiln stored-MiB "$(mib "$data/us-east-1/blocks")"
  write_day2 "$volume"
  cut_of day2 "$volume"
  timed kiln restore "$kiln" snapshot download "$first" "$work/back.raw"
  cmp "$work/back.raw" "$disk/day1.raw"; rm "$work/back.raw"
  stop
}
section_warm() {
  local other plain encrypted
  start
  # Nothing of it is on the disk, so nothing is spared; it packs to three quarters.
  head -c 192M /dev/urandom | base64 -w 0 >"$work/warm.raw"
  other=$(volume)
  nbdcopy "$work/warm.raw" "$(nbd "$other")"
  cut_of warm-up "$other"
  plain=$(volume)
  nbdcopy "$disk/day1.raw" "$(nbd "$plain")"
  cut_of full "$plain"
  encrypted=$(volume '&Encrypted=true')
  nbdcopy "$disk/day1.raw" "$(nbd "$encrypted")"
  cut_of full-encrypted "$encrypted"
  stop
}
section_upload() {
  start
  timed kiln upload "$kiln" snapshot upload "$disk/day1.raw"
  peak upload-memory
  stop
}
# A core for a minute or two. Cut short, it goes on over the same data.
section_dense() {
  local volume
  if [ ! -e "$keep/dense-ready" ]; then
    rm -rf "$keep/dense"
    start "$keep/dense" --recompress-idle-seconds 86400
    volume=$(volume)
    nbdcopy "$disk/day1.raw" "$(nbd "$volume")"
    cut_of dense-full "$volume"
    stop
    touch "$keep/dense-ready"
  fi
  start "$keep/dense" --recompress-idle-seconds 1
  # The row comes with the first look at the store, and goes when nothing is left.
  recompressing() { curl -sf "$AWS_ENDPOINT_URL/metrics" | grep -q '^kiln_work_rows{.*recompress'; }
  until recompressing; do sleep 0.5; done
  while recompressing; do sleep 2; done
  stop
  note kiln dense-MiB "$(mib "$keep/dense/us-east-1/blocks")"
}
section_peers() {
  timed openssl sha256 openssl sha256 "$disk/day1.raw"
  restic init -q -r "$work/restic"
  timed restic full restic backup -q -r "$work/restic" "$disk/day1.raw"
  timed restic day2 restic backup -q -r "$work/restic" "$disk/day2.raw"
  timed restic restore restic -q -r "$work/restic" restore --path "$disk/day1.raw" latest --target "$work/x"
  rm -rf "$work/restic" "$work/x" "$work/cache"
  borg init -e none "$work/borg"
  local like=(--sparse --chunker-params fixed,524288 -C zstd,1)
  timed borg full borg create "${like[@]}" "$work/borg::a" "$disk/day1.raw"
  note borg stored-MiB "$(mib "$work/borg")"
  timed borg day2 borg create "${like[@]}" "$work/borg::b" "$disk/day2.raw"
  mkdir "$work/x"
  (cd "$work/x" && timed borg restore borg extract --sparse "$work/borg::a")
  rm -rf "$work/x" "$work/borg"
}


# A section counts whole or not at all.
once() { # name: runs a section of this round unless it is done
  [ ! -e "$keep/$round-$1" ] || return 0
  echo "# round $round, $1, load average $(cut -d' ' -f1 /proc/loadavg)"
  : >"$work/lines"
  "section_$1"
  rm -rf "$work/data"
  mv "$work/lines" "$keep/$round-$1"
}
wanted() { [[ " ${sections[*]} " == *" $1 "* ]]; }

echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores"
round=0
! wanted build || once build
[ -x "$kiln" ] && [ -x "$load" ] || { echo "run the section build first" >&2; exit 1; }
cat "$disk/day1.raw" "$disk/day2.raw" >/dev/null
for round in $(seq "$rounds"); do
  for section in kiln warm upload peers; do
    ! wanted $section || once $section
  done
done
round=0
! wanted dense || once dense
wanted table || exit 0
cat "$keep"/[0-9]*-* >"$work/all"
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
r = lambda a, b: median[a] / median[b] if a in median and b in median else None
k = lambda work: ("kiln", work)
rows = [(f"full: {t} / kiln", r((t, "full"), k("full")), f"at least {g}") for t, g in (("restic", 3.5), ("borg", 2.2))]
rows += [(f"full, fresh service: {t} / kiln", r((t, "full"), k("full-cold")), "") for t in ("restic", "borg")]
rows += [("full: kiln / openssl sha256", r(k("full"), ("openssl", "sha256")), "at most 1.0")]
rows += [("full, fresh service: kiln / openssl sha256", r(k("full-cold"), ("openssl", "sha256")), "")]
rows += [(f"day 2: {t} / kiln", r((t, "day2"), k("day2")), f"at least {g}") for t, g in (("restic", 25), ("borg", 12))]
rows += [("day 2, 70 MiB: seconds from call to completed", median.get(k("day2")), "at most 0.25")]
rows += [(f"restore: {t} / kiln", r((t, "restore"), k("restore")), f"at least {g}") for t, g in
         (("restic", 4), ("borg", 2))]
rows += [("encrypted / plain", r(k("full-encrypted"), k("full")), "at most 1.06")]
rows += [("stored: kiln / borg", r(k("stored-MiB"), ("borg", "stored-MiB")), "at most 1.04")]
rows += [("stored after recompression: kiln / borg", r(k("dense-MiB"), ("borg", "stored-MiB")), "at most 0.90")]
rows += [("MiB resident at most in a full snapshot", median.get(k("full-memory-MiB")), "at most 250")]
print("\n| figure | here | goal |\n|---|---|---|")
for name, value, goal in rows:
    print(f"| {name} | {'not measured' if value is None else format(value, '.2f')} | {goal} |")
PY
