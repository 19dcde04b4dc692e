# Sourced by the recipes. Debian's packages by an ordinary user: apt's own downloader over a private state, so that
# neither the host's package lists nor its locks are touched, and another architecture can be had.
#
# In: KILN_CACHE (a folder that is kept), KILN_ARCH (amd64, arm64).

# Packages stay good for this long before apt is asked again: security updates arrive, and a rebuild works offline.
packages_days_max=7

say() { echo "== $*"; }

fail() { echo "!! $*"; exit 1; }

# An apt tool over the private state. Nothing counts as installed, so that a package comes with all it needs.
apt_private() {
  local tool=$1 state=$KILN_CACHE/apt-$KILN_ARCH
  shift
  "$tool" -q -o APT::Get::Assume-Yes=1 -o "Dir::Cache=$state/cache" \
    -o "Dir::State::Lists=$state/lists" -o "Dir::State::status=$state/status" \
    -o "APT::Architecture=$KILN_ARCH" -o "APT::Architectures=$KILN_ARCH" -o Acquire::Retries=2 \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=0 \
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o APT::Install-Recommends=0 "$@"
}

apt_update() {
  local state=$KILN_CACHE/apt-$KILN_ARCH
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  say "reading Debian's package lists"
  # One source out of several that fails (another vendor's) is a warning; what is missing then is named below.
  apt_private apt-get update >"$KILN_WORK/apt.log" 2>&1 || cat "$KILN_WORK/apt.log"
}

# The kernel for cloud machines that the metapackage stands for.
apt_kernel() {
  apt_private apt-cache depends "linux-image-cloud-$KILN_ARCH" 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -1
}

# apt_fetch NAME PACKAGE...: leaves the packages, those they need and the kernel in $DEBS. NAME is the list's. What was
# there before stays until all of it is there anew.
apt_fetch() {
  local list=$1 kernel names fresh
  shift
  DEBS=$KILN_CACHE/$list-$KILN_ARCH fresh=$KILN_CACHE/$list-$KILN_ARCH.new
  mkdir -p "$DEBS"
  # One build at a time in a cache: another would find half of the packages. The lock ends with the script.
  exec 9>"$KILN_CACHE/lock"
  flock 9
  if [ -n "$(find "$DEBS/complete" -mtime "-$packages_days_max" 2>/dev/null)" ]; then
    say "using the packages in $DEBS"
    return
  fi
  apt_update
  # Where apt knows nothing it fails; the sentence below tells it.
  kernel=$(apt_kernel || true)
  [ -n "$kernel" ] || fail "apt knows no linux-image-cloud-$KILN_ARCH: the recipe needs Debian's package sources."
  names=$(apt_private apt-get --print-uris install "$@" 2>"$KILN_WORK/apt.log" |
    sed -n "s/^'[^ ]* \([^_]*\)_[^ ]* .*/\1/p" | grep -vxE "$packages_unused" || true)
  [ -n "$names" ] || { cat "$KILN_WORK/apt.log"; fail "apt does not find: $*"; }
  rm -rf "$fresh"
  mkdir "$fresh"
  say "downloading $(echo "$names" "$kernel" "$packages_alone" | wc -w) packages"
  # shellcheck disable=SC2086 # names are words
  if (cd "$fresh" && apt_private apt-get download $names "$kernel" $packages_alone) >"$KILN_WORK/apt.log" 2>&1; then
    touch "$fresh/complete"
    rm -rf "$DEBS"
    mv "$fresh" "$DEBS"
  elif [ -e "$DEBS/complete" ]; then
    say "using the packages of $(date -r "$DEBS/complete" +%F): newer ones could not be downloaded"
  else
    cat "$KILN_WORK/apt.log"
    fail "the packages could not be downloaded."
  fi
}

# Packages that are downloaded without what they need: of them files are taken, and nothing is run.
packages_alone=

# Needed by maintainer scripts only, which are never run.
packages_unused='perl.*|libperl.*|lib.*-perl|dpkg|tar|debconf|adduser|passwd|usrmerge|init-system-helpers'
packages_unused="$packages_unused|libpam.*|libaudit.*|libsemanage.*|libsepol.*|libdb5.*|libgdbm.*"
packages_unused="$packages_unused|libcap-ng0|gcc-.*-base"
