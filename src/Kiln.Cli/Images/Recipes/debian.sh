# kiln image build debian: Debian with cloud-init, an SSH server and QEMU's guest agent, as cloud vendors ship it.
#
# Run by `kiln image build` with bash, inside fakeroot or as root; the variables are those of tiny.sh.
set -euo pipefail
umask 022
exec 2>&1
. "$KILN_RECIPE/packages.sh"
. "$KILN_RECIPE/disk.sh"

uuid=6d1b3f7a-6465-4269-8000-00000000a312
size_mib=2048
release=bookworm
root=$KILN_WORK/root
# The host's own mirror. awk reads to the end: whoever stopped at the first would make the pipe fail.
mirror=$(sed -n 's/^ *URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list \
  /etc/apt/sources.list.d/* 2>/dev/null | awk '/\/debian\/?$/ && !n++' || true)
mirror=${mirror:-http://deb.debian.org/debian}

packages=systemd-sysv,udev,dbus,linux-image-cloud-$KILN_ARCH,initramfs-tools,cloud-init,openssh-server
packages=$packages,qemu-guest-agent,ifupdown,isc-dhcp-client,iproute2,sudo,netbase,e2fsprogs,cloud-guest-utils,fdisk
packages=$packages,libpam-systemd,curl,ca-certificates,python3-minimal

say "installing Debian $release (this takes a minute)"
# As root in a chroot; else in a user namespace, which does not go together with fakeroot.
mode=root
[ -z "${FAKEROOTKEY:-}" ] || mode=unshare
env -u LD_PRELOAD -u FAKEROOTKEY mmdebstrap --quiet --mode=$mode --variant=minbase --architectures="$KILN_ARCH" \
  --aptopt='Apt::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --include="$packages" "$release" "$KILN_WORK/root.tar" "$mirror" >"$KILN_WORK/mmdebstrap.log" 2>&1 ||
  { tail -5 "$KILN_WORK/mmdebstrap.log"; fail "mmdebstrap failed."; }

say "writing its settings"
mkdir -p "$root"
tar -xf "$KILN_WORK/root.tar" -C "$root" --exclude='./dev/*'
rm "$KILN_WORK/root.tar"
# Leave nothing of the build machine inside, and nothing that belongs to one instance alone.
rm -rf "$root"/etc/apt/auth.conf.d/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin \
  "$root"/var/cache/apt/archives/*.deb "$root"/etc/resolv.conf "$root"/etc/ssh/ssh_host_* "$root"/var/log/*.log
echo "deb http://deb.debian.org/debian $release main" >"$root/etc/apt/sources.list"
: >"$root/etc/resolv.conf"
: >"$root/etc/machine-id"
echo debian >"$root/etc/hostname"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
echo "UUID=$uuid / ext4 defaults,discard,errors=remount-ro 0 1" >"$root/etc/fstab"
printf 'datasource_list: [ Ec2, None ]\n' >"$root/etc/cloud/cloud.cfg.d/95_ec2.cfg"
printf 'manage_etc_hosts: true\napt: {preserve_sources_list: true}\nlocale: C.UTF-8\n' \
  >"$root/etc/cloud/cloud.cfg.d/96_local.cfg"
printf 'auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n' >"$root/etc/network/interfaces"
version=$(basename "$root"/boot/vmlinuz-* | sed s/vmlinuz-//)
KILN_EPOCH=$(stat -c %Y "$root/boot/vmlinuz-$version")

disk_make "$root" cloudimg-rootfs "$uuid" "$size_mib"
line="root=UUID=$uuid ro console=tty0 console=ttyS0,115200 net.ifnames=0 nvme_core.io_timeout=4294967295"
disk_bios deb12311 "/boot/vmlinuz-$version $line" "/boot/initrd.img-$version"
say "version $version"
