#!/usr/bin/env bash
# guests.sh [ROUNDS] [GUESTS]: what it costs that machines run on Kiln. About six minutes without KVM. ROUNDS of 0
# leaves out the first two.
#  1. from RunInstances to SSH, against plain QEMU on a local qcow2 of the same image, in alternation;
#  2. the same from a lazily loaded volume of 100 GiB, whose image was made of a machine that has grown into it;
#  3. GUESTS machines of one image at once: memory, frames pulled from the store, local disk.
#     They start a few at a time (KILN_BENCH_WAVE, as many as the host has cores): what is asked is what they share,
#     not how a host without KVM bears ten boots at once. KILN_BENCH_LIMIT: seconds a machine may take to answer by SSH.
# KILN_BENCH_BUILD: a published Kiln to use; KILN_BENCH_TINY: a tiny.raw to use; else both are made.
# Needs qemu-system-x86, qemu-utils, netcat-openbsd, openssh-client, curl, python3, and root (machines' SSH at port 22).
set -euo pipefail
rounds=${1:-4} guests=${2:-10}
wave=${KILN_BENCH_WAVE:-$(nproc)} limit=${KILN_BENCH_LIMIT:-900}
cd "$(dirname "$0")/.."
work=$(mktemp -d -p "${KILN_BENCH_FOLDER:-/tmp}" kg-bench.XXXXXX)
chmod 711 "$work" # machines run as users of their own
memory=160 server=
port=${KILN_BENCH_PORT:-4597} url=http://127.0.0.1:${KILN_BENCH_PORT:-4597}
cleanup() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; }
  # Machines outlive the service: each names its folder in its command line.
  for process in /proc/[0-9]*; do
    case $({ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null) in
      *qemu-system-*"$work/"* | *python3*"$work/"*) kill -9 "${process#/proc/}" 2>/dev/null || true ;;
    esac
  done
  rm -rf "$work"
}
trap cleanup EXIT

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
api() { # Action=… &…
  curl -s --fail-with-body --aws-sigv4 "aws:amz:us-east-1:ec2" --user 111111111111:test \
    -H 'Content-Type: application/x-www-form-urlencoded' -d "Version=2016-11-15&$1" "$url/" "${@:2}"
}
fields() { grep -o "<$1>[^<]*" | sed 's/.*>//'; }
field() { fields "$1" | head -1; }
wait_for() { # SECONDS COMMAND…
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $until ] || { echo "never: $*" >&2; exit 1; }
    sleep 0.1
  done
}
banner() { # ADDRESS PORT: ends when SSH greets. Tries overlap, for slirp repeats only after seconds what it sends to a
  # machine without an address: that would be measured instead of the machine.
  python3 - "$@" "$limit" <<'PY'
import select, socket, sys, time
tries, until, last = [], time.monotonic() + int(sys.argv[3]), 0
while time.monotonic() < until:
    if time.monotonic() - last > 0.1:
        last = time.monotonic()
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((sys.argv[1], int(sys.argv[2])))
        tries.append(one)
    for one in select.select(tries, [], [], 0.02)[0]:
        try:
            if one.recv(4) == b"SSH-":
                sys.exit()
        except OSError:
            pass
        one.close()
        tries.remove(one)
    while len(tries) > 20:
        tries.pop(0).close()
sys.exit("no SSH")
PY
}
reached() { # ADDRESS PORT
  ssh -p "$2" -i "$work/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 \
    -o LogLevel=ERROR -o BatchMode=yes "root@$1" true 2>/dev/null
}
healthy() { curl -sf "$url/_kiln/health" >/dev/null; }
start() {
  "$build/kiln" serve --data "$work/data" --listen "127.0.0.1:$port" --dev --guests qemu --guest-folder "$work/g" \
    --guest-memory-mib "$memory" --guest-processors 1 >>"$work/log" 2>&1 &
  server=$!
  wait_for 60 healthy
}
state_is() { api "Action=Describe$1" | tr -d '\n ' | grep -q "<$2>$3</$2>"; }
run() { # IMAGE [COUNT] [MORE]
  api "Action=RunInstances&InstanceType=t3.micro&KeyName=bench&ImageId=$1&MinCount=${2:-1}&MaxCount=${2:-1}${3:-}"
}
address_of() { api "Action=DescribeInstances&InstanceId.1=$1" | field ipAddress; }
up() { # INSTANCE: prints nothing, ends when SSH answers; what its console said last when it does not
  local address
  wait_for "$limit" state_is "Instances&InstanceId.1=$1" name running
  address=$(address_of "$1")
  if ! banner "$address" 22 || ! (wait_for "$limit" reached "$address" 22); then
    echo "$1 does not answer at $address. Its console:" >&2
    tail -c 2000 "$work"/g/*/"$1"/console.log >&2
    exit 1
  fi
}
all_gone() { ! pgrep -f "qemu-system.*$work/g/" >/dev/null; }
end() {
  local list='' n=0 id
  for id in "$@"; do list="$list&InstanceId.$((++n))=$id"; done
  api "Action=TerminateInstances$list" >/dev/null
  wait_for 300 all_gone
}
kiln_boot() { # NAME IMAGE
  local began id
  began=$(now)
  id=$(run "$2" | field instanceId)
  up "$id"
  echo "$1 $(since "$began")" | tee -a "$work/figures"
  end "$id"
}
plain_boot() {
  local began pid
  rm -f "$work/overlay.qcow2"
  began=$(now)
  qemu-img create -q -f qcow2 -F qcow2 -b "$work/tiny.qcow2" "$work/overlay.qcow2"
  qemu-system-x86_64 -nodefaults -no-user-config -display none -M q35 -accel "$accelerator" -cpu max -m $memory -smp 1 \
    -device virtio-rng-pci -device VGA -device virtio-serial-pci -serial "file:$work/console" \
    -chardev "socket,id=ga,path=$work/ga.sock,server=on,wait=off" \
    -device virtserialport,chardev=ga,name=org.qemu.guest_agent.0 \
    -blockdev "driver=qcow2,node-name=root,discard=unmap,file.driver=file,file.filename=$work/overlay.qcow2" \
    -device virtio-blk-pci,drive=root \
    -netdev "user,id=net0,ipv6=off,net=168.0.0.0/5,host=172.31.0.1,dns=172.31.0.2,dhcpstart=172.31.5.10,restrict=on,\
hostfwd=tcp:127.0.0.1:$((port + 1))-:22,guestfwd=tcp:169.254.169.254:80-cmd:nc -NU $work/imds.sock" \
    -device virtio-net-pci,romfile=,netdev=net0 &
  pid=$!
  banner 127.0.0.1 $((port + 1))
  wait_for 60 reached 127.0.0.1 $((port + 1))
  echo "plain $(since "$began")" | tee -a "$work/figures"
  kill "$pid"
  wait "$pid" 2>/dev/null || true
}
metadata() { # as much of a metadata service as the tiny image asks for
  python3 - "$work/imds.sock" "$work/key.pub" <<'PY'
import socketserver, sys
words = {"token": b"t", "instance-id": b"i-0plain", "local-hostname": b"plain"}
words["openssh-key"] = open(sys.argv[2], "rb").read()
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        body = words.get(path.rsplit("/", 1)[1])
        self.wfile.write(b"HTTP/1.0 404 Not Found\r\n\r\n" if body is None else b"HTTP/1.0 200 OK\r\n\r\n" + body)
socketserver.ThreadingUnixStreamServer(sys.argv[1], Answer).serve_forever()
PY
}
metric() { curl -s "$url/metrics" | awk -v n="$1" '$1 ~ "^" n "({|$)" { sum += $2 } END { printf "%d", sum }'; }
volumes_mib() { # none is there before the first machine
  if [ -d "$work/data/us-east-1/volumes" ]; then du -sm "$work/data/us-east-1/volumes" | cut -f1; else echo 0; fi
}
state() { # NAME: memory of the service, frames pulled and served from memory since its start, disk of volumes
  echo "$1: service $(awk '/VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$server/status") MiB," \
    "cache $(($(metric kiln_cache_bytes) >> 20)) MiB, $(metric kiln_cache_pulls_total) frames pulled," \
    "$(metric kiln_cache_hits_total) from memory, volumes $(volumes_mib) MiB of disk"
}

build=${KILN_BENCH_BUILD:-$work/kiln}
if [ -z "${KILN_BENCH_BUILD:-}" ]; then
  dotnet publish src/Kiln.Host -c Release -o "$build" -v quiet -clp:ErrorsOnly >&2
fi
tiny=${KILN_BENCH_TINY:-$work/tiny.raw}
[ -n "${KILN_BENCH_TINY:-}" ] || "$build/kiln" image build tiny --output "$tiny" >&2
qemu-img convert -O qcow2 "$tiny" "$work/tiny.qcow2"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
metadata 2>/dev/null &
disown
export AWS_ENDPOINT_URL=$url AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
start
accelerator=$(grep -o 'run in QEMU, [a-z]*' "$work/log" | cut -d' ' -f4)
[ "$accelerator" = kvm ] || accelerator=tcg,thread=multi,tb-size=256
echo "$(date -u +%F) $(git rev-parse --short HEAD), $(nproc) cores, ${accelerator%%,*}," \
  "load $(cut -d' ' -f1-3 /proc/loadavg)"
group=$(api "Action=DescribeSecurityGroups&GroupName.1=default" | field groupId)
rule="IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
api "Action=AuthorizeSecurityGroupIngress&GroupId=$group&$rule&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0" >/dev/null
api "Action=ImportKeyPair&KeyName=bench" --data-urlencode "PublicKeyMaterial=$(base64 -w0 "$work/key.pub")" >/dev/null
snapshot=$("$build/kiln" snapshot upload "$tiny" 2>/dev/null | tail -1)
ebs="BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.Ebs"
image=$(api "Action=RegisterImage&Name=tiny&Architecture=x86_64&VirtualizationType=hvm&EnaSupport=true\
&RootDeviceName=/dev/xvda&$ebs.SnapshotId=$snapshot" | field imageId)
if [ "$rounds" != 0 ]; then
  grower=$(run "$image" 1 "&$ebs.VolumeSize=100" | field instanceId)
  up "$grower"
  large=$(api "Action=CreateImage&Name=large&InstanceId=$grower&NoReboot=true" | field imageId)
  wait_for 120 state_is "Images&ImageId.1=$large" imageState available
  end "$grower"
fi

for round in $(seq "$rounds"); do
  if ((round % 2)); then plain_boot; fi
  kiln_boot kiln-1-GiB "$image"
  kiln_boot kiln-100-GiB "$large"
  if ((round % 2 == 0)); then plain_boot; fi
done
if [ "$rounds" != 0 ]; then python3 - "$work/figures" <<'PY'
import collections, statistics, sys
seen = collections.defaultdict(list)
for line in open(sys.argv[1]):
    name, seconds = line.split()
    seen[name].append(float(seconds))
median = {name: statistics.median(all) for name, all in seen.items()}
for name, all in seen.items():
    print(f"{name}: median {median[name]:.2f} s of {len(all)}, {min(all):.2f} to {max(all):.2f}")
print(f"Kiln is {median['kiln-1-GiB'] / median['plain']:.2f} times plain QEMU;"
      f" 100 GiB is {median['kiln-100-GiB'] / median['kiln-1-GiB']:.2f} times 1 GiB")
PY
fi

# With an empty cache: what one machine pulls, and what many more pull after it.
kill "$server"
wait "$server" 2>/dev/null || true
start
state "before"
one=$(run "$image" | field instanceId)
up "$one"
state "1 machine"
ids=()
while [ ${#ids[@]} -lt "$guests" ]; do
  more=$((guests - ${#ids[@]}))
  mapfile -t some < <(run "$image" $((more < wave ? more : wave)) | fields instanceId)
  for id in "${some[@]}"; do up "$id"; done
  ids+=("${some[@]}")
done
state "$((guests + 1)) machines"
end "$one" "${ids[@]}"
