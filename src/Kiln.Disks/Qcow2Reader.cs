using System.Buffers.Binary;
using System.IO.Compression;

namespace Kiln.Disks;

/// <summary>QEMU's format, versions 2 and 3. QEMU, docs/interop/qcow2.txt.</summary>
/// <remarks>
/// Internal snapshots are passed over: the disk's present state is read. A backing file and an external data file name
/// other files and are refused, as are encryption and whatever version 3 may bring that must be understood.
/// </remarks>
internal sealed class Qcow2Reader : DiskReader
{
    private const ulong OffsetMask = 0x00ff_ffff_ffff_fe00, ZeroBit = 1, CompressedBit = 1UL << 62;
    private const ulong Dirty = 1, Corrupt = 2, ExternalData = 4, CompressionType = 8, ExtendedL2 = 16;

    // At best a byte of deflate makes 1032; a block of 128 KiB of one byte has 4 in zstd.
    private const int DeflateRatioMax = 1032, ZstdRatioMax = 32 * 1024;
    private readonly int _clusterBits;
    private readonly bool _isVersion3;
    private readonly bool _isZstd;
    private readonly long[] _l1;

    private Qcow2Reader(DiskSource source, ReadOnlySpan<byte> header, long length)
        : base(source, "qcow2", length)
    {
        _clusterBits = (int)Word(header, 20);
        _isVersion3 = Word(header, 4) == 3;
        _isZstd = _isVersion3 && Word(header, 100) > 104 && header[104] == 1;
        _l1 = ReadL1(source, header, length);
    }

    /// <summary>Whether a file begins as this format does.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) => start.StartsWith("QFI"u8) && start[3] == 0xfb;

    /// <summary>Opens an image.</summary>
    /// <exception cref="DiskFormatException">It is damaged, or of a kind that is refused.</exception>
    public static Qcow2Reader Open(DiskSource source)
    {
        Span<byte> header = stackalloc byte[112];
        source.ReadPadded(0, header);
        var version = Word(header, 4);
        if (version is not (2 or 3))
            throw new DiskFormatException($"qcow2 of version {version} is not read here: versions 2 and 3 are.");
        if (Long(header, 8) != 0)
        {
            throw Refused(
                "a backing file: it is only the difference to another file. Flatten it with qemu-img convert");
        }
        if (Word(header, 20) is < 9 or > 21)
            throw new DiskFormatException("The qcow2 image's cluster size is out of bounds.");
        if (Word(header, 32) != 0)
            throw Refused("encryption. Decrypt it first");
        if (version == 3)
            CheckFeatures(header);
        var length = Long(header, 24);
        return length <= long.MaxValue && length % 512 == 0 ? new Qcow2Reader(source, header, (long)length)
            : throw new DiskFormatException("The qcow2 image's size is out of bounds.");
    }

    /// <inheritdoc/>
    protected override int UnitBytes => 1 << _clusterBits;

    /// <inheritdoc/>
    protected override long NextUnit(long unit)
    {
        var perTable = UnitBytes / 8;
        while (unit / perTable < _l1.Length && _l1[unit / perTable] == 0)
            unit = ((unit / perTable) + 1) * perTable;
        return unit;
    }

    /// <inheritdoc/>
    protected override long StoredBytes(long unit)
    {
        var entry = Entry(unit);
        if ((entry & CompressedBit) != 0)
        {
            // Many clusters may share a sector, and only the last of its sectors is known of a cluster's end.
            var least = UnitBytes / (_isZstd ? ZstdRatioMax : DeflateRatioMax);
            return Math.Max(Compressed(entry).Bytes - 511, Math.Max(least, 1));
        }
        return IsZero(entry) ? 0 : UnitBytes;
    }

    /// <inheritdoc/>
    protected override bool ReadUnit(long unit, int at, Span<byte> bytes)
    {
        var entry = Entry(unit);
        if ((entry & CompressedBit) != 0)
        {
            Decompress(entry).AsSpan(at, bytes.Length).CopyTo(bytes);
            return true;
        }
        if (IsZero(entry))
            return false;
        var offset = (long)(entry & OffsetMask);
        if (offset % UnitBytes != 0)
            throw new DiskFormatException("The qcow2 image has a cluster at a crooked place: it is damaged.");
        // The file may end within its last cluster.
        if (offset >= Source.Length)
            throw new DiskFormatException("The qcow2 image points beyond its end: it is cut off or damaged.");
        var start = offset + at;
        if (start >= Source.Length)
            return false;
        Source.ReadPadded(start, bytes);
        return true;
    }

    private static void CheckFeatures(ReadOnlySpan<byte> header)
    {
        var features = Long(header, 72);
        if ((features & ExternalData) != 0)
            throw Refused("an external data file: its bytes are elsewhere. Flatten it with qemu-img convert");
        if ((features & Corrupt) != 0)
            throw Refused("the mark that it is corrupt. Repair it with qemu-img check -r all");
        if ((features & ExtendedL2) != 0)
            throw Refused("extended L2 entries. Convert it with qemu-img convert -O qcow2");
        if ((features & ~(Dirty | CompressionType)) != 0)
            throw Refused("features that are not known here");
        if ((features & CompressionType) != 0 && (Word(header, 100) <= 104 || header[104] > 1))
            throw Refused("a compression that is not known here: zlib and zstd are");
    }

    private static long[] ReadL1(DiskSource source, ReadOnlySpan<byte> header, long length)
    {
        var perTable = 1L << ((2 * (int)Word(header, 20)) - 3);
        var wanted = (length + perTable - 1) / perTable;
        var count = Word(header, 36);
        if (count * 8L > TableBytesMax || count < wanted)
            throw new DiskFormatException("The qcow2 image's first table does not fit its size: it is damaged.");
        var offset = Long(header, 40);
        if (offset > (ulong)source.Length)
            throw new DiskFormatException("The qcow2 image's first table lies beyond its end: it is cut off.");
        var bytes = new byte[wanted * 8];
        source.Read((long)offset, bytes);
        var table = new long[wanted];
        var cluster = 1L << (int)Word(header, 20);
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8)) & OffsetMask);
            if (table[i] % cluster != 0)
                throw new DiskFormatException("The qcow2 image has a table at a crooked place: it is damaged.");
        }
        CheckApart(table, cluster);
        return table;
    }

    private ulong Entry(long unit)
    {
        var perTable = UnitBytes / 8;
        var table = _l1[unit / perTable];
        return table == 0 ? 0
            : BinaryPrimitives.ReadUInt64BigEndian(Table(table, UnitBytes).AsSpan((int)(unit % perTable * 8)));
    }

    private bool IsZero(ulong entry)
    {
        if ((entry & ZeroBit) == 0)
            return (entry & OffsetMask) == 0;
        if (!_isVersion3)
            throw new DiskFormatException("The qcow2 image has zeros as its version has not: it is damaged.");
        return true;
    }

    private (long Offset, int Bytes) Compressed(ulong entry)
    {
        var bits = 62 - (_clusterBits - 8);
        var offset = (long)(entry & ((1UL << bits) - 1));
        var sectors = (entry & (CompressedBit - 1)) >> bits;
        return (offset, (int)(((long)sectors + 1) * 512 - (offset & 511)));
    }

    private byte[] Decompress(ulong entry)
    {
        var (offset, length) = Compressed(entry);
        if (offset >= Source.Length)
            throw new DiskFormatException("The qcow2 image points beyond its end: it is cut off or damaged.");
        // The last sector may not be there in full.
        var packed = new byte[Math.Min(length, Source.Length - offset)];
        Source.Read(offset, packed);
        return _isZstd ? Inflate.Zstd(packed, UnitBytes)
            : Inflate.Fill(new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress), UnitBytes);
    }

    private static uint Word(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadUInt32BigEndian(header[at..]);

    private static ulong Long(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadUInt64BigEndian(header[at..]);

    private static DiskFormatException Refused(string what) => new($"The qcow2 image has {what}.");
}
