#!/usr/bin/env bash
# nbd.sh [DISK] [ROUNDS] [CASES…]: a running `kiln serve` and qemu-nbd over the same bytes, in alternation; medians
# and ratios. Volumes are made over the API and served on DATA/nbd.sock. Without a disk, mkdisk.sh makes one.
# Cases: local fresh lazy cut upload (default: all).
# KILN_BENCH_PREFIX: a command each round is run under, e.g. one that keeps the machine for itself.
# KILN_BENCH_BUILD: a published Kiln to use instead of publishing one. LOAD_BIN: the same of bench/Kiln.Load.
# Needs fio with the nbd engine, qemu-utils, libnbd-bin, curl, python3, jq.
set -euo pipefail
self=$(readlink -f "$0")
here=$(dirname "$self")
seconds=${KILN_BENCH_SECONDS:-2}

# fio NAME URI OPTIONS…: one case; adds "name iops mean-bytes-per-second p50-us p99-us" to the figures.
fio_case() {
  local name=$1 uri=$2 json
  shift 2
  json=$(mktemp -p "$work")
  # The engine prints a line before its JSON.
  fio --name=x --ioengine=nbd --uri="$uri" --thread --lat_percentiles=1 --output-format=json \
    --time_based --ramp_time=0.3 --runtime="$seconds" "$@" 2>"$work/fio.err" >"$json" \
    || { cat "$json" "$work/fio.err" >&2; return 1; }
  figure "$name" "$json"
}

figure() { # NAME JSON
  sed -n '/^{/,$p' "$2" | jq -r --arg n "$1" '.jobs[0]
    | if .read.total_ios > 0 then .read else .write end
    | [$n, .iops, .bw_bytes, .lat_ns.percentile["50.000000"] / 1000, .lat_ns.percentile["99.000000"] / 1000]
    | map(tostring) | join(" ")' >>"$figures"
}

api() { # Action=… &…: one call of the EC2 API, signed by curl
  curl -s --fail-with-body --aws-sigv4 "aws:amz:us-east-1:ec2" --user 111111111111:test \
    -H 'Content-Type: application/x-www-form-urlencoded' -d "Version=2016-11-15&$1" "$url/" "${@:2}"
}

field() { sed -n "s:.*<$1>\([^<]*\)</$1>.*:\1:p" | head -1; }

wait_for() { # Describe… state
  for _ in $(seq 600); do
    case $(api "$1" | tr -d '\n' | sed -n 's:.*<\(state\|status\)>\([a-z-]*\)</.*:\2:p') in "$2") return 0 ;; esac
    sleep 0.1
  done
  echo "never $2: $1" >&2
  return 1
}

volume() { # further parameters: prints the id of a new volume that is available
  local id
  id=$(api "Action=CreateVolume&AvailabilityZone=us-east-1a&VolumeType=gp3&$1" | field volumeId)
  wait_for "Action=DescribeVolumes&VolumeId.1=$id" available
  echo "$id"
}

kiln_uri() { echo "nbd+unix:///$1?socket=$work/data/nbd.sock"; }

peer() { # NAME FORMAT FILE: (re)starts a qemu-nbd on a socket of its own
  [ ! -e "$work/$1.pid" ] || { kill "$(cat "$work/$1.pid")" 2>/dev/null; rm -f "$work/$1.pid"; sleep 0.2; }
  qemu-nbd -f "$2" -t --shared=16 -k "$work/$1.sock" -x disk --fork --pid-file="$work/$1.pid" "$3"
}

peer_uri() { echo "nbd+unix:///disk?socket=$work/$1.sock"; }

both() { # CASE OPTIONS…: one case on both sides, the order changing with the round
  local case=$1
  shift
  local sides=(peer kiln)
  ((round % 2)) || sides=(kiln peer)
  for side in "${sides[@]}"; do
    if [ "$side" = peer ]; then fio_case "qemu:$case" "$(peer_uri raw)" --size="$size" "$@"
    else fio_case "kiln:$case" "$(kiln_uri "$local_volume")" --size="$size" "$@"; fi
  done
}

plain() { # CASE DEPTH: random reads of 4 KiB by a client that costs less than fio, on both sides
  local side of
  for side in $([ $((round % 2)) = 1 ] && echo "qemu kiln" || echo "kiln qemu"); do
    [ "$side" = qemu ] && of=("$work/raw.sock" disk) || of=("$work/data/nbd.sock" "$local_volume")
    echo "$side:$1 $("$load" nbd-reads "${of[@]}" "$2" "$seconds")" >>"$figures"
  done
}

round_local() {
  # What the last round left to be written back, or the kernel reclaimed, would be measured instead of the servers.
  sync "$work/disk.raw" "$work"/data/us-east-1/volumes/"$local_volume"/layer-*.data
  cat "$work/disk.raw" "$work"/data/us-east-1/volumes/"$local_volume"/layer-*.data >/dev/null
  both "4K rand read qd1" --rw=randread --bs=4k --iodepth=1
  both "4K rand read qd16" --rw=randread --bs=4k --iodepth=16
  plain "4K rand read qd1, light" 1
  plain "4K rand read qd16, light" 16
  both "512K seq read qd1" --rw=read --bs=512k --iodepth=1
  both "512K seq read qd16" --rw=read --bs=512k --iodepth=16
  both "4K rand write+flush" --rw=randwrite --bs=4k --iodepth=1 --fsync=1 --size=256m
  both "4K rand write qd16" --rw=randwrite --bs=4k --iodepth=16 --size=256m
  both "512K seq write qd1" --rw=write --bs=512k --iodepth=1 --size=1g
  both "512K seq write qd16" --rw=write --bs=512k --iodepth=16 --size=1g
}

round_fresh() {
  # The same flushes into sectors that no layer holds yet: each adds to the map's log.
  local fresh
  fresh=$(volume "Size=$gib")
  qemu-img create -q -f raw "$work/fresh-$round.raw" "${gib}G"
  peer fresh raw "$work/fresh-$round.raw"
  fio_case "qemu:4K fresh write+flush" "$(peer_uri fresh)" --size="${gib}g" --rw=randwrite --bs=4k --fsync=1
  fio_case "kiln:4K fresh write+flush" "$(kiln_uri "$fresh")" --size="${gib}g" --rw=randwrite --bs=4k --fsync=1
}

round_lazy() {
  # Only data is touched, each place once, in an order that differs from round to round.
  local log=$work/touch.log lazy
  # Both sides' stored bytes are in the page cache: this is not the disk's latency.
  cat "$work/disk.qcow2" "$work"/data/us-east-1/blocks/segments/* >/dev/null
  lazy=$(volume "SnapshotId=$snapshot")
  peer lazy qcow2 "$work/disk.qcow2"
  qemu-img map -U --output=json -f raw "$work/disk.raw" | python3 -c '
import json, random, sys
random.seed(int(sys.argv[1]))
frames = [at for e in json.load(sys.stdin) if e["data"] and not e["zero"]
          for at in range(-(-e["start"] // 65536) * 65536, e["start"] + e["length"] - 65535, 65536)]
print("fio version 2 iolog\ndisk add\ndisk open")
for at in random.sample(frames, min(3000, len(frames))):
    print("disk read", at + 4096 * random.randrange(16), 4096)
print("disk close")' "$round" >"$log"
  for side in $([ $((round % 2)) = 1 ] && echo "lazy kiln" || echo "kiln lazy"); do
    if [ "$side" = lazy ]; then fio_lazy "qemu:4K first touch" "$(peer_uri lazy)" "$log"
    else fio_lazy "kiln:4K first touch" "$(kiln_uri "$lazy")" "$log"; fi
  done
}

fio_lazy() {
  local json
  json=$(mktemp -p "$work")
  fio --name=x --ioengine=nbd --uri="$2" --thread --lat_percentiles=1 --output-format=json \
    --read_iolog="$3" --replay_no_stall=1 >"$json" 2>"$work/fio.err" || { cat "$json" "$work/fio.err" >&2; return 1; }
  figure "$1" "$json"
}

round_cut() {
  # One sector is written before each cut, so that each has something to freeze.
  local sizes=(1 16384) id i ms
  for i in $(seq 20); do
    for gib_of in "${sizes[@]}"; do
      id=${cut_volumes[$gib_of]}
      qemu-io -f raw -c "write -P $i $((i * 8192)) 4096" "$(kiln_uri "$id")" >/dev/null
      ms=$(api "Action=CreateSnapshot&VolumeId=$id" -o "$work/cut.xml" -w '%{time_total}')
      echo "$ms" | awk -v n="kiln:cut of $gib_of GiB" '{ print n, 1 / $1, 0, $1 * 1e6, $1 * 1e6 }' >>"$figures"
      wait_for "Action=DescribeSnapshots&SnapshotId.1=$(field snapshotId <"$work/cut.xml")" completed
    done
  done
}

round_upload() {
  # A guest that reads at depth 1, alone and while another volume's data are stored under a key of their own, so that
  # nothing is known already. That can be had once.
  local id
  [ "$round" = 1 ] || return 0
  fio_case "kiln:read alone" "$(kiln_uri "$local_volume")" --size="$size" --rw=randread --bs=4k --iodepth=1
  id=$(api "Action=CreateSnapshot&VolumeId=$upload_volume" | field snapshotId)
  fio_case "kiln:read beside upload" "$(kiln_uri "$local_volume")" --size="$size" --rw=randread --bs=4k --iodepth=1
  wait_for "Action=DescribeSnapshots&SnapshotId.1=$id" completed
}

if [ "${1:-}" = --round ]; then
  # shellcheck source=/dev/null
  source "$2"
  round=$3
  for case in "${@:4}"; do "round_$case"; done
  exit
fi

disk=${1:-}
rounds=${2:-3}
cases=${*:3}
cases=${cases:-local fresh lazy cut upload}
cd "$here/.."
work=$(mktemp -d -p "${KILN_BENCH_FOLDER:-/tmp}" kiln-nbd.XXXXXX)
server=
table() {
  python3 - "$figures" <<'PY'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[1]):
    words = line.rsplit(" ", 4)
    side, case = words[0].split(":", 1)
    seen[case, side].append([float(w) for w in words[1:]])
def row(case, side):
    return [statistics.median(x) for x in zip(*seen[case, side])] if (case, side) in seen else None
print(f"{'':24} {'qemu-nbd':>26}{'Kiln':>28}   Kiln is")
for case in dict.fromkeys(c for c, _ in seen):
    texts, rows = [], [row(case, "qemu"), row(case, "kiln")]
    for r in rows:
        texts.append("" if r is None else f"{r[1] / 1e9:.2f} GB/s" if "512K" in case
                     else f"{r[0]:.0f}/s p50 {r[2]:.0f} p99 {r[3]:.0f} us")
    ratio = ""
    if all(rows):
        ratio = (f"{rows[1][2] / rows[0][2]:.2f} of its p50" if "touch" in case
                 else f"{rows[1][0] / rows[0][0]:.2f} times as fast")
    print(f"{case:24} {texts[0]:>26}{texts[1]:>28}   {ratio}")
PY
}

# Also when a round fails: what was measured until then is worth reading.
cleanup() {
  [ ! -s "${figures:-/dev/null}" ] || table
  for pid in "$work"/*.pid; do [ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true; done
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; }
  rm -rf "$work"
}
trap cleanup EXIT
if [ -z "$disk" ]; then
  RAND_MB=16 bash "$here/../../shared/bench/mkdisk.sh" "$work/made" >&2
  disk=$work/made/day1.raw
fi
build=${KILN_BENCH_BUILD:-$work/kiln}
[ -n "${KILN_BENCH_BUILD:-}" ] || dotnet publish src/Kiln.Host -c Release -o "$build" -v quiet -clp:ErrorsOnly >&2
load=${LOAD_BIN:-$work/load/Kiln.Load}
[ -n "${LOAD_BIN:-}" ] || dotnet publish bench/Kiln.Load -c Release -o "$work/load" -v quiet -clp:ErrorsOnly >&2
port=${KILN_BENCH_PORT:-4596}
url=http://127.0.0.1:$port
export AWS_ENDPOINT_URL=$url AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
figures=$work/figures
: >"$figures"
"$build/kiln" serve --data "$work/data" --listen "127.0.0.1:$port" --dev --guests simulated >"$work/log" 2>&1 9>&- &
server=$!
until curl -sf "$url/_kiln/health" >/dev/null; do sleep 0.05; done

bytes=$(stat -L -c %s "$disk")
gib=$(((bytes + (1 << 30) - 1) >> 30))
size=$bytes
cp --sparse=always "$disk" "$work/disk.raw"
peer raw raw "$work/disk.raw"
declare -A cut_volumes
local_volume=$(volume "Size=$gib")
nbdcopy --flush "$work/disk.raw" "$(kiln_uri "$local_volume")"
snapshot='' upload_volume=''
for case in $cases; do
  case $case in
    lazy)
      qemu-img convert -U -q -c -O qcow2 -o compression_type=zstd "$work/disk.raw" "$work/disk.qcow2"
      snapshot=$("$build/kiln" snapshot upload "$disk" 2>/dev/null | tail -1) ;;
    cut) cut_volumes=([1]=$(volume Size=1) [16384]=$(volume Size=16384)) ;;
    upload) upload_volume=$(volume "Size=$gib&Encrypted=true")
      nbdcopy --flush "$work/disk.raw" "$(kiln_uri "$upload_volume")" ;;
  esac
done

declare -p work figures load url size gib seconds local_volume snapshot upload_volume cut_volumes |
  sed 's/^declare -A/declare -gA/' >"$work/state"
echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores, $bytes bytes, load $(cut -d' ' -f1 /proc/loadavg)"
for round in $(seq "$rounds"); do
  # shellcheck disable=SC2086
  ${KILN_BENCH_PREFIX:-} bash "$self" --round "$work/state" "$round" $cases
done
