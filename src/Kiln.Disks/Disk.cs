namespace Kiln.Disks;

/// <summary>Opens image files by what they are, never by what they are called.</summary>
public static class Disk
{
    private static readonly (int At, byte[] Magic, string Name)[] Unread =
    [
        (0, "vhdxfile"u8.ToArray(), "VHDX"),
        (0, "COWD"u8.ToArray(), "VMDK of an ESX host (COWD)"),
        (0, "QED\0"u8.ToArray(), "QED"),
        (0, "conectix"u8.ToArray(), "VHD whose end is missing"),
        (0, "WithoutFreeSpace"u8.ToArray(), "Parallels"),
        (0, "WithouFreSpacExt"u8.ToArray(), "Parallels"),
        (0, "LUKS"u8.ToArray(), "LUKS (encrypted)"),
        (0, (byte[])[0x1f, 0x8b], "gzip"),
        (0, (byte[])[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz"),
        (0, (byte[])[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (0, "BZh"u8.ToArray(), "bzip2"),
        (0, "PK\x03\x04"u8.ToArray(), "ZIP"),
        (64, [0x7f, 0x10, 0xda, 0xbe], "VirtualBox's VDI"),
        (257, "ustar"u8.ToArray(), "a tar archive (unpack it: the disk is inside, also of an OVA)"),
    ];

    /// <summary>Opens the disk in a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="format"><c>raw</c>, <c>qcow2</c>, <c>vmdk</c> or <c>vhd</c>; null to find out. A raw disk whose
    /// first bytes a guest has chosen must be said to be raw.</param>
    /// <exception cref="DiskFormatException">It is no image that is read here; the message says why.</exception>
    public static DiskReader Open(DiskSource source, string? format = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Length == 0)
            throw new DiskFormatException("The file is empty.");
        var start = new byte[Math.Min(512, source.Length)];
        source.Read(0, start);
        var found = format ?? Find(source, start);
        return found switch
        {
            "raw" => new RawReader(source),
            "qcow2" when start.Length > 8 && Qcow2Reader.Matches(start) => Qcow2Reader.Open(source),
            "vmdk" when VmdkReader.Matches(start) && start.Length == 512 => VmdkReader.Open(source),
            "vhd" when VhdReader.Matches(source) => VhdReader.Open(source),
            _ => throw new DiskFormatException($"The file is no {found} image."),
        };
    }

    private static string Find(DiskSource source, ReadOnlySpan<byte> start)
    {
        if (start.Length > 8 && Qcow2Reader.Matches(start))
            return "qcow2";
        if (VmdkReader.Matches(start))
            return "vmdk";
        if (VmdkReader.IsDescriptor(start))
            throw new DiskFormatException("The file is a VMDK descriptor, which names other files: give a VMDK of the "
                + "type monolithicSparse or streamOptimized (qemu-img convert makes one).");
        if (VhdReader.Matches(source))
            return "vhd";
        foreach (var (at, magic, name) in Unread)
        {
            if (start.Length > at && start[at..].StartsWith(magic))
            {
                throw new DiskFormatException($"The file is {name}, which is not read here; qcow2, raw, VMDK and VHD "
                    + "are, and qemu-img convert makes them. If it is a raw disk that only looks so, say "
                    + "--format raw.");
            }
        }
        return "raw";
    }
}
