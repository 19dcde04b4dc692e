#!/usr/bin/env bash
# Builds Kiln where its sources have changed, and runs it in the foreground. Arguments go to `kiln serve`:
#
#   ./start.sh                          127.0.0.1:4566, SQLite and blocks under ./data
#   ./start.sh --dev                    with well-known credentials and a clock that can be moved; loopback only
#   ./start.sh --listen 127.0.0.1:5000 --data /srv/kiln
#
# KILN_BUILD names the folder of the build (.build/kiln). The service says where it listens and what to export.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${KILN_BUILD:-$here/.build/kiln}
stamp=$build/.sources
sdk_major=10

say() { echo "start.sh: $*" >&2; }

# What the build needs beside what a minimal Debian has: the probe, Debian's package, the reason.
missing=()
need() {
  local probe=$1 package=$2 reason=$3
  case $probe in
    /*) for found in $probe; do [ -e "$found" ] && return; done ;;
    *) command -v "$probe" >/dev/null && return ;;
  esac
  missing+=("$package")
  say "missing: $package — $reason"
}

need sha256sum coreutils "tells whether the sources have changed since the last build"
need /etc/ssl/certs/ca-certificates.crt ca-certificates "the build fetches its packages over TLS"
need "/usr/lib/*/libssl.so.* /lib/*/libssl.so.*" libssl3 "hashing and encryption"

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2
    apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
  else
    say "to install them, run: sudo apt-get install ${missing[*]}"
    exit 1
  fi
fi

sources() {
  cd "$here"
  find src global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt -type f \
    -not -path '*/bin/*' -not -path '*/obj/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

now=$(sources)
if [ ! -x "$build/kiln" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$now" ]; then
  if ! command -v dotnet >/dev/null && [ -x "$HOME/.dotnet/dotnet" ]; then
    export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"
  fi
  if ! command -v dotnet >/dev/null || ! (cd "$here" && dotnet --version >/dev/null 2>&1); then
    say "the .NET SDK $sdk_major is missing: it builds Kiln. For Debian:"
    say "  https://learn.microsoft.com/dotnet/core/install/linux-debian  (package dotnet-sdk-$sdk_major.0)"
    exit 1
  fi
  say "building (the sources have changed since the last build, or there was none)"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDTERMINALLOGGER=off
  mkdir -p "$build"
  dotnet publish "$here/src/Kiln.Host" -c Release -o "$build" -v quiet -clp:ErrorsOnly >&2
  echo "$now" >"$stamp"
fi

# The first start makes a small image that boots, in the background; KILN_STARTER_IMAGE=false leaves it out.
export KILN_STARTER_IMAGE=${KILN_STARTER_IMAGE:-true}

# The service takes this process's place, so that Ctrl-C and SIGTERM reach it.
exec "$build/kiln" serve "$@"
