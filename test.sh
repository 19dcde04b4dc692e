#!/usr/bin/env bash
# Builds Kiln and runs every test. Ends with one line: N passed, N failed, N skipped.
#
#   ./test.sh                                  everything, and what keeps rows on PostgreSQL too
#   ./test.sh -class 'Kiln.Tests.Contract.*'   what the xunit filter selects, in every test project
#
# KILN_CONFIGURATION=Release builds that configuration; the default is Debug, whose assertions are on.
# KILN_UPDATE_DOCS=1 rewrites the generated pages in docs/ instead of failing where they are stale.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

projects=(Kiln.Tests Kiln.Simulation Kiln.Conformance)
configuration=${KILN_CONFIGURATION:-Debug}
results=TestResults
# A whole run takes minutes; a test process that is still there after an hour hangs, and must not hold up the others.
minutes_max=60

# What the tests need beside the .NET SDK: the command or file that shows it is there, Debian's package, and the reason.
needs=(
  "aws|awscli|drives the service as users do"
  "jq|jq|reads what the aws CLI answers in the shell tests"
  "/usr/lib/postgresql|postgresql|the database tests run on it as well as on SQLite"
  "packer|packer|builds images against the service (amazon-ebs)"
  "ansible-playbook|ansible|runs the ec2_ami, ec2_snapshot and ec2_vol modules against the service"
  "/usr/lib/python3/dist-packages/boto3|python3-boto3|what Ansible's ec2 modules speak with"
  "qemu-img|qemu-utils|reads and writes disk images"
  "nbdinfo|libnbd-bin|an independent NBD client"
  "mkfs.ext4|e2fsprogs|makes the file systems that go through images"
  "/usr/lib/grub/i386-pc/boot.img|grub-pc-bin|makes the tiny starter image bootable"
  "grub-mkimage|grub-common|makes the tiny starter image bootable"
  "sfdisk|fdisk|writes the tiny starter image's partition table"
  "fakeroot|fakeroot|builds the tiny starter image without root"
  "cpio|cpio|packs the tiny starter image's initial RAM disk"
  "readelf|binutils|finds the libraries of the tiny starter image's programs"
  "xz|xz-utils|unpacks published images"
  "qemu-system-x86_64|qemu-system-x86|boots images"
  "nc.openbsd|netcat-openbsd|leads machines to their metadata"
  "ssh|openssh-client|logs in to machines"
  "ip|iproute2|makes the networks of machines"
  "nft|nftables|holds security groups on the networks of machines"
)

have() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
  esac
}

missing=()
for need in "${needs[@]}"; do
  IFS='|' read -r probe package reason <<<"$need"
  have "$probe" && continue
  missing+=("$package")
  echo "missing: $package — $reason"
done

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; }; then
      echo "could not install ${missing[*]}; the tests that need them are skipped and say so"
      # Where nobody reads the skips, a run without its tools would pass for a full one.
      if [ -n "${CI:-}" ]; then exit 1; fi
    fi
  else
    echo "to install them, run: sudo apt-get install ${missing[*]}"
    echo "going on without; the tests that need them are skipped and say so"
  fi
fi

if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK (version 10) is missing: see https://dotnet.microsoft.com/download for Debian's packages." >&2
  exit 1
fi
if ! dotnet --version >/dev/null 2>&1; then
  echo "The .NET SDK that global.json asks for is missing; installed are:" >&2
  dotnet --list-sdks >&2
  exit 1
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDTERMINALLOGGER=off
if [ -n "${CI:-}" ] || [ ! -t 1 ]; then export NO_COLOR=1; fi

echo "building ($configuration)"
dotnet build Kiln.slnx -c "$configuration" -v quiet -clp:ErrorsOnly || exit 1

# The number in an attribute of the report's first assembly element; the console's text is not read.
count() { grep -o "<assembly [^>]*" "$1" | head -1 | grep -o " $2=\"[0-9]*\"" | grep -o '[0-9]*'; }

# Runs one project's tests under a name of the pass, and adds what came out: pass, project, xunit's filters.
run() {
  local pass=$1 project=$2 report="$results/${1// /-}.xml" code p f s
  shift 2
  echo
  echo "== $pass"
  timeout --foreground --kill-after=30s "${minutes_max}m" \
    "tests/$project/bin/$configuration/net10.0/$project" -noLogo -noColor -noAutoReporters \
    -result-xml "$report" "$@"
  code=$?
  if [ ! -s "$report" ] || [ -z "$(count "$report" passed)" ]; then
    summary+=("$pass: no result, the test process ended with exit code $code")
    failed=$((failed + 1)) crashed=1
    return
  fi
  p=$(count "$report" passed) s=$(count "$report" skipped)
  # An error outside a test (a fixture that does not come down) is a failure like any other.
  f=$(($(count "$report" failed) + $(count "$report" errors)))
  if [ "$code" != 0 ] && [ "$f" = 0 ] && [ $((p + s)) != 0 ]; then
    summary+=("$pass: the test process ended with exit code $code though no test failed")
    f=1
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  summary+=("$pass: $p passed, $f failed, $s skipped, ${SECONDS} s since the build")
}

rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 skipped=0 crashed=0
summary=()
SECONDS=0
for project in "${projects[@]}"; do
  run "$project" "$project" "$@"
done

# Everything that keeps rows runs a second time on PostgreSQL; a filter of the caller's has its one run above, and
# KILN_TEST_POSTGRES=1 moves that one there. The rest (blocks, protocol, architecture) knows no database.
if [ $# = 0 ] && have /usr/lib/postgresql; then
  filters=()
  for area in Ec2 Ebs Kms Iam Sts Work Persistence Cli Fuzz Calls; do filters+=(-namespace "Kiln.Tests.$area*"); done
  KILN_TEST_POSTGRES=1 run "Kiln.Tests on PostgreSQL" Kiln.Tests "${filters[@]}"
fi

echo
printf '%s\n' "${summary[@]}"
if [ $((passed + failed)) = 0 ]; then echo "no test ran: does the filter match anything?"; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$crashed" = 0 ] && [ "$passed" != 0 ]
