# kiln image build tiny: a small Linux that boots in seconds. busybox, dropbear, QEMU's guest agent, a cloud kernel.
#
# Run by `kiln image build` under fakeroot, with bash. In: KILN_OUT, KILN_ARCH, KILN_CACHE, KILN_WORK, KILN_RECIPE (this
# folder). Lines that begin with == are progress; the last ones before !! say what went wrong.
set -euo pipefail
umask 022
exec 2>&1
. "$KILN_RECIPE/packages.sh"
. "$KILN_RECIPE/disk.sh"

uuid=6d1b3f7a-7469-4e79-8000-00000000a311
size_mib=1024
[ "$KILN_ARCH" = amd64 ] || packages_alone=grub-efi-$KILN_ARCH-bin
apt_fetch tiny busybox-static dropbear-bin qemu-guest-agent openssh-client openssh-sftp-server e2fsprogs

case $KILN_ARCH in
  amd64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 console=ttyS0 ;;
  arm64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 console=ttyAMA0 ;;
esac

say "unpacking"
tree=$KILN_WORK/tree root=$KILN_WORK/root early=$KILN_WORK/early
mkdir -p "$tree"
for deb in "$DEBS"/*.deb; do
  # Without maintainer scripts: these are only files. Debian may have merged /lib into /usr/lib or not.
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tree" --keep-directory-symlink
done
# The newest file of the packages: the same packages give the same time, whenever they were downloaded.
KILN_EPOCH=$(find "$tree" -type f -printf '%Ts\n' | sort -n | tail -1)

# The tree of the guest: one /usr, and the old names as links to it.
mkdir -p "$root"/{etc/dropbear,proc,sys,dev,run,tmp,root/.ssh,var/log,var/lib,boot,home,mnt}
mkdir -p "$root"/usr/{bin,sbin,lib/openssh,"lib/$triplet",lib64}
ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
ln -s ../run "$root/var/run"

take() { # take FILE FOLDER: a program out of the unpacked packages
  local found
  for found in "$tree/$1" "$tree/usr/$1" "$tree/${1#usr/}"; do
    [ -f "$found" ] && { cp -L "$found" "$root/usr/$2/"; return; }
  done
  fail "Debian's packages have no $1 any more."
}
take bin/busybox bin
take usr/bin/scp bin
take usr/bin/dropbearkey bin
take usr/sbin/dropbear sbin
take usr/sbin/qemu-ga sbin
take usr/lib/openssh/sftp-server lib/openssh
take sbin/mke2fs sbin
take sbin/resize2fs sbin
take sbin/e2fsck sbin
# Where Debian's dropbear looks for it.
ln -s openssh/sftp-server "$root/usr/lib/sftp-server"
ln -s mke2fs "$root/usr/sbin/mkfs.ext4"

say "collecting libraries"
libraries() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
todo=$(for program in "$root"/usr/sbin/* "$root"/usr/bin/{scp,dropbearkey} "$root"/usr/lib/openssh/*; do
  libraries "$program"
done)
while [ -n "$todo" ]; do
  next=
  for library in $todo; do
    [ -e "$root/usr/lib/$triplet/$library" ] && continue
    found=$(find "$tree" -path "*/$triplet/$library" | head -1)
    [ -n "$found" ] || { case $library in ld-linux*) continue ;; *) fail "no package has $library." ;; esac; }
    cp -L "$found" "$root/usr/lib/$triplet/$library"
    next="$next $(libraries "$found")"
  done
  todo=$next
done
found=$(find "$tree" -name "${loader##*/}" | head -1)
cp -L "$found" "$root/usr/$loader"

# Its applets by name; asked of the list in the package, because the program may be another architecture's.
while read -r applet; do
  [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
done <"$KILN_RECIPE/tiny/applets"
ln -s ../bin/busybox "$root/usr/sbin/init"

say "collecting kernel modules"
version=$(basename "$(find "$tree"/lib/modules "$tree"/usr/lib/modules -mindepth 1 -maxdepth 1 2>/dev/null | head -1)")
[ -n "$version" ] || fail "the kernel's package has no modules."
modules=$(find "$tree" -path "*/modules/$version/kernel" | head -1)
mkdir -p "$early"/{bin,dev,proc,sys,root,modules}
add_module() { # with those it depends on first, as insmod wants them
  local file name=$1 dependency
  grep -qx "$name" "$early/modules/order" 2>/dev/null && return
  file=$(find "$modules" -name "${name//_/?}.ko*" | head -1)
  [ -n "$file" ] || { grep -qE "/${name//_/.}\.ko" "${modules%/kernel}/modules.builtin" && return
    fail "the kernel has no module $name."; }
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -qdc "$file" ;;
    *) cat "$file" ;;
  esac >"$early/modules/$name.ko"
  for dependency in $(tr '\0' '\n' <"$early/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' ' '); do
    add_module "${dependency//-/_}"
  done
  echo "$name" >>"$early/modules/order"
}
drivers="virtio_pci virtio_blk virtio_net virtio_console virtio_scsi sd_mod nvme virtio_rng button evdev"
[ "$KILN_ARCH" = amd64 ] || drivers="$drivers virtio_mmio"
for module in $drivers; do
  add_module "$module"
done

say "writing its settings"
cp "$KILN_RECIPE"/tiny/{inittab,rc,down,net,agent,sshd,udhcpc,passwd,group,shadow} "$root/etc/"
chmod 755 "$root"/etc/{rc,down,net,agent,sshd,udhcpc}
chmod 600 "$root/etc/shadow"
chmod 700 "$root/root" "$root/root/.ssh"
chmod 1777 "$root/tmp"
sed -i "s/@CONSOLE@/$console/g" "$root/etc/inittab"
echo /bin/sh >"$root/etc/shells"
echo tiny >"$root/etc/hostname"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
printf 'NAME="Kiln tiny"\nID=kiln-tiny\nPRETTY_NAME="Kiln tiny (%s)"\n' "$version" >"$root/etc/os-release"
mkdir -p "$root/etc/acpi/PWRF"
printf '#!/bin/sh\nexec poweroff\n' >"$root/etc/acpi/PWRF/00000080"
# What the guest agent calls for guest-shutdown.
printf '#!/bin/sh\ncase "$*" in *-r*) exec reboot ;; *) exec poweroff ;; esac\n' >"$root/usr/sbin/shutdown"
chmod 755 "$root/etc/acpi/PWRF/00000080" "$root/usr/sbin/shutdown"

cp "$root/usr/bin/busybox" "$early/bin/"
grows=$([ "$KILN_ARCH" != amd64 ] || echo yes)
sed "s/@UUID@/$uuid/; s/@GROWS@/$grows/" "$KILN_RECIPE/tiny/init" >"$early/init"
chmod 755 "$early/init"
find "$early" -exec touch -h -d "@$KILN_EPOCH" {} +
(cd "$early" && find . | LC_ALL=C sort | cpio -o -H newc --reproducible --quiet -R 0:0) | gzip -9n >"$root/boot/initrd"
cp "$(find "$tree" -path "*/boot/vmlinuz-$version" | head -1)" "$root/boot/vmlinuz"

line="console=tty0 console=$console,115200 net.ifnames=0 nvme_core.io_timeout=4294967295 panic=5"
# Few inodes, a small journal: what a fresh file system writes is what every copy of the image carries.
disk_make "$root" kiln-tiny "$uuid" "$size_mib" -N 16384 -J size=4
case $KILN_ARCH in
  amd64)
    disk_bios a311a311 "/boot/vmlinuz root=UUID=$uuid $line" /boot/initrd
    ;;
  arm64)
    disk_efi "$tree/usr/lib/grub/arm64-efi" B921B045-1DF0-41C3-AF44-4C6F280D3FAE "$uuid" \
      "/boot/vmlinuz root=UUID=$uuid $line" /boot/initrd
    ;;
esac
say "version $version"
