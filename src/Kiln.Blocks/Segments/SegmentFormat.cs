using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace Kiln.Blocks.Segments;

/// <summary>Header page and footer of a segment file. Format: docs/formats/segment.md.</summary>
internal static class SegmentFormat
{
    internal const string Folder = "segments";
    internal const int HeaderSize = 4096;
    internal const int Page = 4096;
    internal const int TrailerSize = 64;
    internal const int EntrySize = 40;
    internal const ushort Version = 2;

    // A segment's length must fit the index's 32-bit offsets with room for the footer.
    internal const long SegmentBytesMax = 1L << 30;

    private const int DenseAt = 36;
    private const ulong HeaderMagic = 0x3147_4553_4E4C_494B; // "KILNSEG1"
    private const ulong TrailerMagic = 0x3152_5446_4E4C_494B; // "KILNFTR1"

    internal static string NameOf(uint id) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/{id:x8}.seg");

    internal static bool TryParseName(string file, out uint id)
    {
        id = 0;
        return file.Length == 12 && file.EndsWith(".seg", StringComparison.Ordinal)
            && uint.TryParse(file.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);
    }

    internal static void WriteHeader(Span<byte> page, uint id, ulong seed, DateTimeOffset now, bool dense)
    {
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, HeaderMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(page[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(page[12..], id);
        BinaryPrimitives.WriteUInt64LittleEndian(page[16..], seed);
        BinaryPrimitives.WriteInt64LittleEndian(page[24..], now.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32LittleEndian(page[32..], Block.Size);
        page[DenseAt] = dense ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(page[4088..], XxHash3.HashToUInt64(page[..4088]));
    }

    /// <summary>True when a valid header page says that all its records are dense.</summary>
    internal static bool IsDense(ReadOnlySpan<byte> page) => page[DenseAt] == 1;

    internal static bool TryReadHeader(ReadOnlySpan<byte> page, uint id, out ulong seed)
    {
        seed = 0;
        if (page.Length < HeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(page) != HeaderMagic
            || BinaryPrimitives.ReadUInt16LittleEndian(page[8..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(page[12..]) != id
            || BinaryPrimitives.ReadInt32LittleEndian(page[32..]) != Block.Size
            || BinaryPrimitives.ReadUInt64LittleEndian(page[4088..]) != XxHash3.HashToUInt64(page[..4088]))
            return false;
        seed = BinaryPrimitives.ReadUInt64LittleEndian(page[16..]);
        return true;
    }

    /// <summary>What a header page says the seed is, whether or not the page is whole.</summary>
    internal static ulong SeedOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt64LittleEndian(page[16..]);

    /// <summary>When the segment was made, as a header page says that may not be whole.</summary>
    internal static DateTimeOffset CreatedAt(ReadOnlySpan<byte> page)
    {
        var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(page[24..]);
        return milliseconds is >= 0 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : DateTimeOffset.UnixEpoch;
    }

    /// <summary>True when the last bytes of a file were once a trailer, even if they are no longer whole.</summary>
    internal static bool LooksLikeTrailer(ReadOnlySpan<byte> trailer) =>
        BinaryPrimitives.ReadUInt64LittleEndian(trailer) == TrailerMagic;

    /// <summary>Entries, padding and trailer: what is written at <paramref name="offset"/> to seal a segment.</summary>
    internal static byte[] Footer(IReadOnlyList<SegmentEntry> entries, long offset, ulong seed)
    {
        var length = (entries.Count * EntrySize) + TrailerSize;
        var bytes = GC.AllocateUninitializedArray<byte>((length + Page - 1) & -Page);
        bytes.AsSpan(entries.Count * EntrySize).Clear();
        for (var i = 0; i < entries.Count; i++)
        {
            var at = bytes.AsSpan(i * EntrySize, EntrySize);
            entries[i].Address.CopyTo(at);
            BinaryPrimitives.WriteUInt32LittleEndian(at[32..], entries[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(at[36..], entries[i].StoredLength);
        }

        var trailer = bytes.AsSpan(bytes.Length - TrailerSize);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, TrailerMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[12..], entries.Count);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[16..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(
            trailer[24..], XxHash3.HashToUInt64(bytes.AsSpan(0, entries.Count * EntrySize), (long)seed));
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[56..], XxHash3.HashToUInt64(trailer[..56], (long)seed));
        return bytes;
    }

    /// <summary>Reads where the footer begins and how many entries it has; false when the segment is not
    /// sealed.</summary>
    internal static bool TryReadTrailer(
        ReadOnlySpan<byte> trailer, long fileLength, ulong seed, out long offset, out int count, out ulong hash)
    {
        offset = BinaryPrimitives.ReadInt64LittleEndian(trailer[16..]);
        count = BinaryPrimitives.ReadInt32LittleEndian(trailer[12..]);
        hash = BinaryPrimitives.ReadUInt64LittleEndian(trailer[24..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(trailer) == TrailerMagic
            && BinaryPrimitives.ReadUInt16LittleEndian(trailer[8..]) == Version
            && BinaryPrimitives.ReadUInt64LittleEndian(trailer[56..])
                == XxHash3.HashToUInt64(trailer[..56], (long)seed)
            && count >= 0 && offset >= HeaderSize
            && offset + (((((long)count * EntrySize) + TrailerSize + Page - 1)) & -Page) == fileLength;
    }

    internal static bool TryReadEntries(
        ReadOnlySpan<byte> bytes, ulong seed, ulong hash, long footerOffset, List<SegmentEntry> into)
    {
        if (XxHash3.HashToUInt64(bytes, (long)seed) != hash) return false;
        for (var at = 0; at < bytes.Length; at += EntrySize)
        {
            var entry = new SegmentEntry(
                new BlockAddress(bytes.Slice(at, 32)),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 32)..]),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + 36)..]));
            if (entry.StoredLength is < 0 or > RecordHeader.StoredMax || entry.Offset < HeaderSize
                || entry.Offset + (long)RecordHeader.Size + entry.StoredLength > footerOffset) return false;
            into.Add(entry);
        }

        return true;
    }
}
