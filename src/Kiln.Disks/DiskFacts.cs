using System.Buffers.Binary;

namespace Kiln.Disks;

/// <summary>What a disk's partition table tells of the machine that it is for.</summary>
/// <param name="Architecture"><c>x86_64</c> or <c>arm64</c>, or null where nothing tells.</param>
/// <param name="BootMode"><c>legacy-bios</c>, <c>uefi</c> or <c>uefi-preferred</c>, or null.</param>
/// <param name="IsBootable">Whether there is a partition table at all.</param>
/// <param name="IsWhole">Whether the disk reaches as far as its partition table says.</param>
public sealed record DiskFacts(string? Architecture, string? BootMode, bool IsBootable, bool IsWhole = true)
{
    private const int Sector = 512, EntryBytes = 128, EntriesMax = 128;

    // The entry that an MBR has for the sake of a GPT, which may say more than there is.
    private const byte Protective = 0xee;

    // The Discoverable Partitions Specification; UEFI Specification 5.3; GNU GRUB.
    private static readonly Guid EfiSystem = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
    private static readonly Guid BiosBoot = new("21686148-6449-6E6F-744E-656564454649");
    private static readonly Guid RootX86 = new("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
    private static readonly Guid RootArm = new("B921B045-1DF0-41C3-AF44-4C6F280D3FAE");

    /// <summary>Looks at the first sectors of a disk.</summary>
    /// <exception cref="DiskFormatException">They cannot be read.</exception>
    public static DiskFacts Of(DiskReader disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (disk.Length < 2 * Sector)
            return new DiskFacts(null, null, false);
        var start = new byte[Math.Min(disk.Length, (2 * Sector) + (EntriesMax * EntryBytes))];
        disk.Read(0, start);
        if (start[510] != 0x55 || start[511] != 0xaa)
            return new DiskFacts(null, null, false);
        // Boot code of a PC begins with a jump or clears interrupts; a disk for UEFI alone has none.
        var hasBootCode = start.AsSpan(0, 440).ContainsAnyExcept((byte)0);
        var isWhole = EndOf(start) <= (ulong)disk.Length;
        if (!start.AsSpan(Sector).StartsWith("EFI PART"u8))
            return new DiskFacts(hasBootCode ? "x86_64" : null, hasBootCode ? "legacy-bios" : null, true, isWhole);
        var types = Types(start);
        var isEfi = types.Contains(EfiSystem);
        var isBios = types.Contains(BiosBoot) || (hasBootCode && !isEfi);
        var architecture = types.Contains(RootArm) ? "arm64"
            : types.Contains(RootX86) || isBios ? "x86_64" : null;
        return new DiskFacts(architecture, isEfi && isBios ? "uefi-preferred" : isEfi ? "uefi"
            : isBios ? "legacy-bios" : null, true, isWhole);
    }

    /// <summary>Where the disk ends at the earliest: with its GPT's second header, or its MBR's last partition.
    /// </summary>
    private static ulong EndOf(ReadOnlySpan<byte> start)
    {
        if (start[Sector..].StartsWith("EFI PART"u8))
        {
            var second = BinaryPrimitives.ReadUInt64LittleEndian(start[(Sector + 32)..]);
            return second >= ulong.MaxValue / Sector ? ulong.MaxValue : (second + 1) * Sector;
        }
        var end = 0UL;
        for (var entry = start[446..510]; entry.Length > 0; entry = entry[16..])
        {
            if (entry[4] is not (0 or Protective))
            {
                end = Math.Max(end, Sector * ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(entry[8..])
                    + BinaryPrimitives.ReadUInt32LittleEndian(entry[12..])));
            }
        }
        return end;
    }

    private static HashSet<Guid> Types(byte[] start)
    {
        var types = new HashSet<Guid>();
        var at = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(Sector + 72)) * Sector;
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(Sector + 84));
        for (var entry = 0; entry < EntriesMax && bytes >= 16; entry++)
        {
            var offset = at + ((ulong)entry * bytes);
            if (offset > (ulong)start.Length - 16)
                break;
            types.Add(new Guid(start.AsSpan((int)offset, 16)));
        }
        return types;
    }
}
