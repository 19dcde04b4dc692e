using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Kiln.Disks;

/// <summary>VMware's sparse extents: monolithicSparse, and streamOptimized as in an OVA. VMware, "Virtual Disk Format
/// 5.0".</summary>
/// <remarks>A descriptor that names other files, a parent or several extents is refused; and so is an extent without a
/// descriptor, which is a part of a disk of several files and would be taken for the whole.</remarks>
internal sealed partial class VmdkReader : DiskReader
{
    private const int HeaderBytes = 512, DescriptorBytesMax = 1 << 20, Sector = 512;
    private const uint HasZeroGrains = 4, IsCompressed = 1 << 16;
    private const ulong GdAtEnd = ulong.MaxValue;
    private readonly uint[] _directory;
    private readonly int _perTable;
    private readonly uint _flags;

    private VmdkReader(DiskSource source, ReadOnlySpan<byte> header, long length)
        : base(source, "vmdk", length)
    {
        _flags = Word(header, 8);
        UnitBytes = (int)(Long(header, 20) * Sector);
        _perTable = (int)Word(header, 44);
        _directory = ReadDirectory(source, header, length);
    }

    /// <summary>Whether a file begins as this format does.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) => start.StartsWith("KDMV"u8);

    /// <summary>Whether a file is a descriptor, which only names others.</summary>
    public static bool IsDescriptor(ReadOnlySpan<byte> start) => start.StartsWith("# Disk DescriptorFile"u8);

    /// <summary>Opens an image.</summary>
    /// <exception cref="DiskFormatException">It is damaged, or of a kind that is refused.</exception>
    public static VmdkReader Open(DiskSource source)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        source.Read(0, header);
        CheckDescriptor(source, header);
        if (Long(header, 56) == GdAtEnd)
        {
            // The footer, a copy of the header with the directory's place, stands before the end marker.
            source.Read(source.Length - (2 * Sector), header);
            if (!Matches(header) || Long(header, 56) == GdAtEnd)
                throw new DiskFormatException("The VMDK's footer is missing: the file is cut off.");
        }
        var (version, capacity, grain) = (Word(header, 4), Long(header, 12), Long(header, 20));
        if (version is < 1 or > 3)
            throw new DiskFormatException($"A VMDK of version {version} is not read here.");
        if (grain > int.MaxValue || !IsPowerOfTwo((long)grain, 8, 4096) || Word(header, 44) is < 1 or > 65536)
            throw new DiskFormatException("The VMDK's grains are out of bounds: it is damaged.");
        if (capacity > (ulong)(LengthMax / Sector))
            throw new DiskFormatException("The VMDK's disk is larger than a volume can be.");
        var compression = BinaryPrimitives.ReadUInt16LittleEndian(header[77..]);
        if ((Word(header, 8) & IsCompressed) != 0 && compression != 1)
            throw new DiskFormatException($"The VMDK's compression {compression} is not known here.");
        return new VmdkReader(source, header, (long)capacity * Sector);
    }

    /// <inheritdoc/>
    protected override int UnitBytes { get; }

    /// <inheritdoc/>
    protected override long NextUnit(long unit)
    {
        while (unit / _perTable < _directory.Length && _directory[unit / _perTable] == 0)
            unit = ((unit / _perTable) + 1) * _perTable;
        return unit;
    }

    /// <inheritdoc/>
    protected override long StoredBytes(long unit)
    {
        var grain = Grain(unit);
        if (grain == 0)
            return 0;
        return (_flags & IsCompressed) == 0 ? UnitBytes : Packed(grain, unit).Bytes;
    }

    /// <inheritdoc/>
    protected override bool ReadUnit(long unit, int at, Span<byte> bytes)
    {
        var grain = Grain(unit);
        if (grain == 0)
            return false;
        if ((_flags & IsCompressed) == 0)
        {
            Source.ReadPadded(grain + at, bytes);
            return true;
        }
        var (offset, length) = Packed(grain, unit);
        var packed = new byte[length];
        Source.Read(offset, packed);
        // The disk may end within its last grain, which may then be shorter.
        var whole = (int)Math.Min(UnitBytes, Length - (unit * UnitBytes));
        Inflate.Zlib(packed, whole).AsSpan(at, bytes.Length).CopyTo(bytes);
        return true;
    }

    private static void CheckDescriptor(DiskSource source, ReadOnlySpan<byte> header)
    {
        var text = Descriptor(source, header);
        if (Parent().Match(text) is { Success: true } parent
            && !parent.Groups[1].Value.Equals("ffffffff", StringComparison.OrdinalIgnoreCase))
            throw new DiskFormatException("The VMDK is only the difference to a parent: flatten it first.");
        var type = Type().Match(text);
        if (!type.Success)
        {
            throw new DiskFormatException("The VMDK has no descriptor: it is one part of a disk of several files. "
                + "Convert the whole with qemu-img.");
        }
        if (type.Groups[1].Value is not ("monolithicSparse" or "streamOptimized"))
        {
            throw new DiskFormatException("The VMDK is of a type that is not read here: "
                + "monolithicSparse and streamOptimized are.");
        }
        if (Extent().Count(text) > 1)
            throw new DiskFormatException("The VMDK consists of several files: convert it with qemu-img.");
    }

    /// <summary>The descriptor inside; empty in a part of a disk, where its place is nowhere or holds nothing.
    /// </summary>
    private static string Descriptor(DiskSource source, ReadOnlySpan<byte> header)
    {
        var (offset, sectors) = (Long(header, 28), Long(header, 36));
        if (offset == 0)
            return "";
        if (sectors > DescriptorBytesMax / Sector || offset > (ulong)(source.Length / Sector))
            throw new DiskFormatException("The VMDK's descriptor is out of bounds: it is damaged.");
        var bytes = new byte[sectors * Sector];
        source.Read((long)offset * Sector, bytes);
        return Encoding.ASCII.GetString(bytes).TrimEnd('\0');
    }

    private uint[] ReadDirectory(DiskSource source, ReadOnlySpan<byte> header, long length)
    {
        var perTable = (long)UnitBytes * _perTable;
        var count = (length + perTable - 1) / perTable;
        var sector = Long(header, 56);
        if (count * 4 > TableBytesMax || sector > (ulong)(source.Length / Sector))
            throw new DiskFormatException("The VMDK's directory is out of bounds: it is damaged or cut off.");
        var bytes = new byte[count * 4];
        source.Read((long)sector * Sector, bytes);
        var directory = new uint[count];
        for (var i = 0; i < directory.Length; i++)
            directory[i] = Word(bytes, i * 4);
        CheckApart(directory.Select(d => (long)d), ((_perTable * 4L) + Sector - 1) / Sector);
        return directory;
    }

    /// <summary>Where a grain is in the file; 0 where it has no bytes.</summary>
    private long Grain(long unit)
    {
        var table = _directory[unit / _perTable];
        if (table == 0)
            return 0;
        var sector = Word(Table((long)table * Sector, _perTable * 4), (int)(unit % _perTable * 4));
        return sector == 1 && (_flags & HasZeroGrains) != 0 ? 0 : (long)sector * Sector;
    }

    private (long Offset, int Bytes) Packed(long grain, long unit)
    {
        Span<byte> marker = stackalloc byte[12];
        Source.Read(grain, marker);
        var (sector, bytes) = (Long(marker, 0), Word(marker, 8));
        // A grain that does not compress grows by a few bytes in its stream.
        if (sector != (ulong)(unit * (UnitBytes / Sector)) || bytes == 0 || bytes > UnitBytes + (UnitBytes / 8) + 64)
            throw new DiskFormatException("A grain of the VMDK does not fit its place: it is damaged.");
        return (grain + 12, (int)bytes);
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Long(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    [GeneratedRegex(@"^parentCID\s*=\s*""?([0-9a-fA-F]+)", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Parent();

    [GeneratedRegex(@"^createType\s*=\s*""([^""]*)""", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Type();

    [GeneratedRegex(@"^(RW|RDONLY|NOACCESS)\s", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Extent();
}
