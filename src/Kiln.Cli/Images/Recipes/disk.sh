# Sourced by the recipes. A bootable disk by plain writes to a file: no root, no mount, no loop device.
#
# In: KILN_OUT (the file to make), KILN_WORK, KILN_ARCH, KILN_EPOCH (the time that everything in it carries).

# Where the root begins: at 1 MiB, whose gap GRUB's core image fits into; behind the EFI system partition where there is
# one, whose table has a copy at the disk's end.
disk_mib=1048576
disk_start=$disk_mib disk_end=0
[ "$KILN_ARCH" = amd64 ] || disk_start=$((17 * disk_mib)) disk_end=$disk_mib

# The root is ext4 with this UUID in every image of a recipe, so that equal contents make equal bytes.
# disk_make ROOTDIR LABEL UUID SIZE_MIB [mke2fs option...]
disk_make() {
  local root=$1 label=$2 uuid=$3 size=$4
  shift 4
  say "writing the file system"
  rm -f "$KILN_OUT"
  truncate -s "${size}M" "$KILN_OUT"
  # Every file carries one time, and the tools are told the same: equal contents make equal bytes.
  find "$root" -exec touch -h -d "@$KILN_EPOCH" {} +
  E2FSPROGS_FAKE_TIME=$KILN_EPOCH SOURCE_DATE_EPOCH=$KILN_EPOCH mke2fs -q -F -t ext4 -b 4096 -m 1 -L "$label" \
    -U "$uuid" -E "root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1,hash_seed=$uuid,offset=$disk_start" \
    -O ^metadata_csum_seed "$@" -d "$root" "$KILN_OUT" "$(((size * disk_mib - disk_start - disk_end) / 4096))" ||
    fail "mke2fs failed."
  disk_epoch "$root"
}

# mke2fs takes a file's change time, which no program can set, from the build's tree: put the one time in its place.
disk_epoch() {
  local inodes
  inodes=$(dumpe2fs -h "$KILN_OUT?offset=$disk_start" 2>/dev/null |
    awk -F: '/^Inode count/ { all = $2 } /^Free inodes/ { free = $2 } END { print all - free }')
  # A fresh file system gives inodes out in order: the root is 2, the rest follow 10.
  { echo 2; seq 11 "$inodes"; } | awk -v epoch="@$KILN_EPOCH" '{
    for (i = split("ctime atime crtime", field, " "); i > 0; i--) print "sif <" $1 "> " field[i] " " epoch
    for (i = split("ctime_extra atime_extra mtime_extra crtime_extra", field, " "); i > 0; i--)
      print "sif <" $1 "> " field[i] " 0" }' >"$KILN_WORK/times"
  E2FSPROGS_FAKE_TIME=$KILN_EPOCH SOURCE_DATE_EPOCH=$KILN_EPOCH \
    debugfs -w -f "$KILN_WORK/times" "$KILN_OUT?offset=$disk_start" >/dev/null 2>"$KILN_WORK/debugfs.log" ||
    { cat "$KILN_WORK/debugfs.log"; fail "debugfs failed."; }
}

# disk_bios ID LINUX_LINE INITRD: an MBR with one bootable partition, and GRUB before it.
disk_bios() {
  local id=$1 linux=$2 initrd=$3
  say "making it bootable"
  printf 'label: dos\nlabel-id: 0x%s\nstart=2048, type=83, bootable\n' "$id" | sfdisk -q "$KILN_OUT"
  printf 'set root=(hd0,msdos1)\nlinux %s\ninitrd %s\nboot\n' "$linux" "$initrd" >"$KILN_WORK/early.cfg"
  grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -c "$KILN_WORK/early.cfg" -o "$KILN_WORK/core.img" \
    biosdisk part_msdos part_gpt ext2 linux || fail "grub-mkimage failed."
  [ "$(stat -c %s "$KILN_WORK/core.img")" -le $((disk_start - 512)) ] ||
    fail "GRUB's core does not fit before 1 MiB."
  # boot.img loads its core from sector 1; grub-mkimage has written the block list into it.
  head -c 440 /usr/lib/grub/i386-pc/boot.img | dd of="$KILN_OUT" conv=notrunc status=none
  dd if="$KILN_WORK/core.img" of="$KILN_OUT" bs=512 seek=1 conv=notrunc status=none
}

# disk_efi MODULES ROOT_TYPE UUID LINUX_LINE INITRD: a GPT with the root, and before it an EFI system partition with
# GRUB, made of the modules in a folder. The table's ids come from the root's: equal contents make equal bytes.
disk_efi() {
  local modules=$1 type=$2 uuid=$3 linux=$4 initrd=$5 esp=$KILN_WORK/esp sectors=$((disk_mib / 512))
  say "making it bootable"
  printf 'search --fs-uuid --set=root %s\nlinux %s\ninitrd %s\nboot\n' "$uuid" "$linux" "$initrd" \
    >"$KILN_WORK/early.cfg"
  grub-mkimage -O "${modules##*/}" -d "$modules" -p /grub -c "$KILN_WORK/early.cfg" -o "$KILN_WORK/boot.efi" \
    part_gpt ext2 linux search search_fs_uuid || fail "grub-mkimage failed."
  touch -d "@$KILN_EPOCH" "$KILN_WORK/boot.efi"
  rm -f "$esp"
  SOURCE_DATE_EPOCH=$KILN_EPOCH mkfs.vfat -F 16 -n ESP -i "${uuid%%-*}" --invariant -C "$esp" $((16 * 1024)) \
    >/dev/null || fail "mkfs.vfat failed."
  SOURCE_DATE_EPOCH=$KILN_EPOCH mmd -i "$esp" ::EFI ::EFI/BOOT
  SOURCE_DATE_EPOCH=$KILN_EPOCH mcopy -m -i "$esp" "$KILN_WORK/boot.efi" ::EFI/BOOT/BOOTAA64.EFI
  # The root is the first partition by number, and the second by place.
  local size=$((($(stat -c %s "$KILN_OUT") - disk_start - disk_end) / 512))
  sfdisk -q --wipe-partitions never "$KILN_OUT" <<EOF
label: gpt
label-id: ${uuid%?}0
start=$((disk_start / 512)), size=$size, type=$type, uuid=${uuid%?}1
start=$sectors, size=$((16 * sectors)), type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=${uuid%?}2
EOF
  dd if="$esp" of="$KILN_OUT" bs=1M seek=1 conv=notrunc status=none
}
