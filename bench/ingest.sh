#!/usr/bin/env bash
# ingest.sh DISKDIR [ROUNDS]
# Snapshot ingest, day-2 increment and verified restore of DISKDIR/day1.raw and day2.raw (see the disk maker named in
# docs), Kiln's block store against restic and borg on the same files in the same run. Prints one line a measurement:
# round, tool, work, wall seconds, CPU seconds, RSS MiB, stored MiB.
set -euo pipefail
DISK=${1:?usage: ingest.sh DISKDIR [ROUNDS]}; ROUNDS=${2:-3}
HERE=$(cd "$(dirname "$0")" && pwd)
for t in restic borg openssl; do command -v $t >/dev/null || { echo "$t is not installed" >&2; exit 1; }; done
dotnet build -c Release -v q -clp:ErrorsOnly "$HERE/Kiln.Ingest" >&2
KILN="$HERE/Kiln.Ingest/bin/Release/net10.0/Kiln.Ingest"
W=$(mktemp -d "$DISK/.ingest.XXXXXX"); trap 'rm -rf "$W"' EXIT
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$W/cache BORG_BASE_DIR=$W/borgbase
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
stored() { du -sm --apparent-size "$1" 2>/dev/null | cut -f1; }
# run ROUND TOOL WORK STOREDIR COMMAND...
run() {
  local round=$1 tool=$2 work=$3 dir=$4; shift 4
  sync
  /usr/bin/time -f '%e %U %S %M' -o "$W/time" "$@" >"$W/out" 2>"$W/err" || { cat "$W/err" >&2; exit 1; }
  tail -n1 "$W/time" | awk -v a="$round" -v b="$tool" -v c="$work" -v d="$(stored "$dir")" \
    '{printf "%s %s %s %.2f %.2f %d %s\n", a, b, c, $1, $2+$3, $4/1024, d}'
}
cat "$DISK/day1.raw" "$DISK/day2.raw" >/dev/null
echo "round tool work wall_s cpu_s rss_MiB stored_MiB"
for r in $(seq "$ROUNDS"); do
  rm -rf "$W"/s "$W"/k "$W"/restic "$W"/borg "$W"/out.raw "$W"/cache "$W"/borgbase
  run "$r" openssl sha256 "$DISK/day1.raw" openssl sha256 "$DISK/day1.raw"
  run "$r" kiln full "$W/s" "$KILN" ingest "$W/s" "$DISK/day1.raw"; id=$(tail -n1 "$W/out")
  run "$r" kiln day2 "$W/s" "$KILN" ingest "$W/s" "$DISK/day2.raw" --parent "$id" --dirty "$DISK/day2.dirty"
  run "$r" kiln restore "$W/s" "$KILN" export "$W/s" "$id" "$W/out.raw"
  cmp "$W/out.raw" "$DISK/day1.raw"; rm "$W/out.raw"
  run "$r" kiln full-encrypted "$W/k" "$KILN" ingest "$W/k" "$DISK/day1.raw" --key; rm -rf "$W/k"
  restic init -q -r "$W/restic" >/dev/null
  run "$r" restic full "$W/restic" restic -q -r "$W/restic" backup "$DISK/day1.raw"
  run "$r" restic day2 "$W/restic" restic -q -r "$W/restic" backup "$DISK/day2.raw"
  run "$r" restic restore "$W/restic" \
    restic -q -r "$W/restic" restore --path "$DISK/day1.raw" latest --target "$W/out"
  rm -rf "$W/out" "$W/restic"
  borg init -e none "$W/borg" 2>/dev/null
  like=(--sparse --chunker-params fixed,524288 -C zstd,1)
  run "$r" borg full "$W/borg" borg create "${like[@]}" "$W/borg::a" "$DISK/day1.raw"
  run "$r" borg day2 "$W/borg" borg create "${like[@]}" "$W/borg::b" "$DISK/day2.raw"
  mkdir "$W/x"
  ( cd "$W/x" && run "$r" borg restore "$W/borg" borg extract --sparse "$W/borg::a" )
  rm -rf "$W/x" "$W/borg"
done
