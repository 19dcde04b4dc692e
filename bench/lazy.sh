#!/usr/bin/env bash
# lazy.sh DISKDIR [ROUNDS]
# Lazily loaded volumes of DISKDIR/day1.raw: the first sequential read of all (nbdcopy to null, every block verified)
# against qemu-nbd on a zstd qcow2 of the same file (nothing verified), a boot-like replay without and with the trace of
# an earlier one, and opening a 1 GiB against a 16 TiB volume. Prints one line a measurement.
set -euo pipefail
DISK=${1:?usage: lazy.sh DISKDIR [ROUNDS]}; ROUNDS=${2:-3}
HERE=$(cd "$(dirname "$0")" && pwd)
for t in qemu-img qemu-nbd nbdcopy; do command -v $t >/dev/null || { echo "$t is not installed" >&2; exit 1; }; done
KILN="$HERE/Kiln.Ingest/bin/Release/net10.0/Kiln.Ingest"
[ -x "$KILN" ] || dotnet build -c Release -v q -clp:ErrorsOnly "$HERE/Kiln.Ingest" >&2
W=$(mktemp -d "$DISK/.lazy.XXXXXX"); pids=()
trap 'for p in "${pids[@]:-}"; do [ -z "$p" ] || kill "$p" 2>/dev/null || true; done; rm -rf "$W"' EXIT
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
ready() { for _ in $(seq 200); do [ -S "$1" ] && return; sleep 0.05; done; echo "no $1" >&2; exit 1; }
QCOW=$DISK/day1.zstd.qcow2
[ -f "$QCOW" ] || qemu-img convert -c -O qcow2 -o compression_type=zstd "$DISK/day1.raw" "$QCOW"
"$KILN" ingest "$W/s" "$DISK/day1.raw" >"$W/id" 2>/dev/null; id=$(tail -n1 "$W/id")
cat "$QCOW" "$W"/s/segments/* >/dev/null
for r in $(seq "$ROUNDS"); do
  mkfifo "$W/hold"; "$KILN" serve "$W/s" "$id" "$W/v" "$W/k.sock" <"$W/hold" >/dev/null 2>&1 & p=$!; pids=("$p")
  exec 7>"$W/hold"; ready "$W/k.sock"; t=$(now); nbdcopy "nbd+unix:///lazy?socket=$W/k.sock" null:
  echo "$r kiln first-read-all $(since "$t") s"; exec 7>&-; wait "$p"; rm -rf "$W/hold" "$W/v" "$W/k.sock"
  qemu-nbd -r -t -f qcow2 -k "$W/q.sock" "$QCOW" & p=$!; pids=("$p")
  ready "$W/q.sock"; t=$(now); nbdcopy "nbd+unix:///?socket=$W/q.sock" null:
  echo "$r qemu-nbd first-read-all $(since "$t") s"; kill "$p"; wait "$p" 2>/dev/null || true; rm -f "$W/q.sock"
  rm -rf "$W"/s/traces
  echo "$r kiln boot-without-trace $("$KILN" boot "$W/s" "$id" "$W/b" 2>/dev/null)"; rm -rf "$W/b"
  echo "$r kiln boot-with-trace $("$KILN" boot "$W/s" "$id" "$W/b" 2>/dev/null)"; rm -rf "$W/b"
done
"$KILN" open "$W/o" "$W/ov" 2>/dev/null | sed 's/^/open /'
