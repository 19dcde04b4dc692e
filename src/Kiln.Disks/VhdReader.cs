using System.Buffers.Binary;

namespace Kiln.Disks;

/// <summary>Microsoft's VHD: fixed and dynamic. "Virtual Hard Disk Image Format Specification".</summary>
/// <remarks>The size is the footer's current size. A differencing disk names its parent and is refused.</remarks>
internal sealed class VhdReader : DiskReader
{
    private const int FooterBytes = 512, Sector = 512;
    private const uint Fixed = 2, Dynamic = 3, Differencing = 4, Unused = uint.MaxValue;
    private readonly uint[] _table;
    private readonly int _bitmapBytes;

    private VhdReader(DiskSource source, long length, int blockBytes, uint[] table)
        : base(source, "vhd", length)
    {
        UnitBytes = blockBytes;
        _table = table;
        // A bit for each sector, in whole sectors.
        _bitmapBytes = ((blockBytes / Sector / 8) + Sector - 1) / Sector * Sector;
    }

    /// <summary>Whether a file ends as this format does; only its end tells a fixed one from a raw disk.</summary>
    public static bool Matches(DiskSource source)
    {
        if (source.Length < FooterBytes)
            return false;
        Span<byte> cookie = stackalloc byte[8];
        source.Read(source.Length - FooterBytes, cookie);
        return cookie.SequenceEqual("conectix"u8);
    }

    /// <summary>Opens an image.</summary>
    /// <exception cref="DiskFormatException">It is damaged, or of a kind that is refused.</exception>
    public static DiskReader Open(DiskSource source)
    {
        Span<byte> footer = stackalloc byte[FooterBytes];
        source.Read(source.Length - FooterBytes, footer);
        CheckSum(footer, 64);
        var length = BinaryPrimitives.ReadUInt64BigEndian(footer[48..]);
        if (length > (ulong)LengthMax)
            throw new DiskFormatException("The VHD's disk is larger than a volume can be.");
        switch (BinaryPrimitives.ReadUInt32BigEndian(footer[60..]))
        {
            case Fixed:
                return new RawReader(source.Part(0, (long)length), "vhd");
            case Dynamic:
                return OpenDynamic(source, (long)length, BinaryPrimitives.ReadUInt64BigEndian(footer[16..]));
            case Differencing:
                throw new DiskFormatException("The VHD is only the difference to a parent: merge it first.");
            default:
                throw new DiskFormatException("The VHD is of a type that is not read here: fixed and dynamic are.");
        }
    }

    /// <inheritdoc/>
    protected override int UnitBytes { get; }

    /// <inheritdoc/>
    protected override long StoredBytes(long unit) => _table[unit] == Unused ? 0 : UnitBytes;

    /// <inheritdoc/>
    protected override bool ReadUnit(long unit, int at, Span<byte> bytes)
    {
        if (_table[unit] == Unused)
            return false;
        Source.ReadPadded(((long)_table[unit] * Sector) + _bitmapBytes + at, bytes);
        return true;
    }

    private static VhdReader OpenDynamic(DiskSource source, long length, ulong at)
    {
        if (at > (ulong)source.Length)
            throw new DiskFormatException("The VHD's header lies beyond its end: it is cut off or damaged.");
        Span<byte> header = stackalloc byte[1024];
        source.Read((long)at, header);
        if (!header.StartsWith("cxsparse"u8))
            throw new DiskFormatException("The VHD's dynamic header is damaged.");
        CheckSum(header, 36);
        var block = BinaryPrimitives.ReadUInt32BigEndian(header[32..]);
        if (!IsPowerOfTwo(block, 4096, 256 << 20))
            throw new DiskFormatException("The VHD's block size is out of bounds: it is damaged.");
        var count = (length + block - 1) / block;
        var table = BinaryPrimitives.ReadUInt64BigEndian(header[16..]);
        if (count > BinaryPrimitives.ReadUInt32BigEndian(header[28..]) || count * 4 > TableBytesMax
            || table > (ulong)source.Length)
            throw new DiskFormatException("The VHD's block table does not fit its size: it is damaged.");
        var bytes = new byte[count * 4];
        source.Read((long)table, bytes);
        var blocks = new uint[count];
        for (var i = 0; i < blocks.Length; i++)
            blocks[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(i * 4));
        return new VhdReader(source, length, (int)block, blocks);
    }

    // The one's complement of the sum of all bytes but its own.
    private static void CheckSum(ReadOnlySpan<byte> bytes, int at)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i++)
            sum += i >= at && i < at + 4 ? 0u : bytes[i];
        if (~sum != BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]))
            throw new DiskFormatException("The VHD's checksum is wrong: it is damaged.");
    }
}
