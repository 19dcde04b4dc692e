# Sourced by the recipes. A bootable disk by plain writes to a file: no root, no mount, no loop device.
#
# In: KILN_OUT (the file to make), KILN_WORK, KILN_ARCH, KILN_EPOCH (the time that everything in it carries).

# Where the partition begins: 1 MiB, whose gap GRUB's core image fits into.
disk_start=1048576

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
    -O ^metadata_csum_seed "$@" -d "$root" "$KILN_OUT" "$(((size - 1) * 256))" || fail "mke2fs failed."
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
  [ "$(stat -c %s "$KILN_WORK/core.img")" -le $((disk_start - 512)) ] || fail "GRUB's core does not fit before 1 MiB."
  # boot.img loads its core from sector 1; grub-mkimage has written the block list into it.
  head -c 440 /usr/lib/grub/i386-pc/boot.img | dd of="$KILN_OUT" conv=notrunc status=none
  dd if="$KILN_WORK/core.img" of="$KILN_OUT" bs=512 seek=1 conv=notrunc status=none
}
