using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Manifests;

/// <summary>The journal of a snapshot that is being put block by block. Format: docs/formats/manifest.md.</summary>
internal static class StagingFormat
{
    internal const string Folder = "staging";
    internal const int HeaderSize = 4096;
    internal const int EntrySize = 80;
    private const ulong Magic = 0x3147_5453_4E4C_494B; // "KILNSTG1"
    private const int ReadSize = EntrySize * 1024;

    // A read may go wrong once without anything being wrong on the disk.
    private const int ReadsMax = 3;

    // Ids become file names: letters, digits and '-' only, and no longer than AWS makes them with room to spare.
    internal static bool IsValidId(string id) =>
        id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    internal static string NameOf(string id) => $"{Folder}/{id}.journal";

    internal static byte[] Header(long volumeBlocks, string? domainId, ManifestId? parent)
    {
        var page = new byte[HeaderSize];
        var domain = Encoding.UTF8.GetBytes(domainId ?? "");
        BinaryPrimitives.WriteUInt64LittleEndian(page, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(10), (ushort)domain.Length);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(16), volumeBlocks);
        if (parent is { } id) Convert.FromHexString(id.ToString()).CopyTo(page.AsSpan(24));
        domain.CopyTo(page.AsSpan(64));
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(4088), XxHash3.HashToUInt64(page.AsSpan(0, 4088)));
        return page;
    }

    internal static (long VolumeBlocks, string? DomainId, ManifestId? Parent) ReadHeader(IBackendFile file)
    {
        var page = new byte[HeaderSize];
        if (file.Read(0, page) != page.Length || BinaryPrimitives.ReadUInt64LittleEndian(page) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(4088))
                != XxHash3.HashToUInt64(page.AsSpan(0, 4088)))
            throw new BlockCorruptException("A staging journal has no valid header.");
        var length = BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(10));
        var volumeBlocks = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(16));
        if (length > KeyDomain.IdBytesMax || volumeBlocks is < 0 or > ManifestFormat.VolumeBlocksMax)
            throw new BlockCorruptException("A staging journal has an impossible header.");
        var parent = page.AsSpan(24, 32);
        return (
            volumeBlocks,
            length == 0 ? null : Encoding.UTF8.GetString(page.AsSpan(64, length)),
            Block.IsZero(parent) ? null : new ManifestId(Convert.ToHexStringLower(parent)));
    }

    internal static void WriteEntry(Span<byte> entry, long index, BlockAddress address, ReadOnlySpan<byte> sha256)
    {
        BinaryPrimitives.WriteInt64LittleEndian(entry, index);
        address.CopyTo(entry.Slice(8, 32));
        sha256.CopyTo(entry.Slice(40, 32));
        BinaryPrimitives.WriteUInt64LittleEndian(entry[72..], XxHash3.HashToUInt64(entry[..72]));
    }

    /// <summary>Calls back for each whole entry in order of writing; returns where the next one goes.</summary>
    internal static long ReadEntries(IBackendFile file, long volumeBlocks, Action<long, BlockAddress, byte[]> each)
    {
        var buffer = new byte[ReadSize];
        long at = HeaderSize;
        var failed = 0;
        while (at + EntrySize <= file.Length)
        {
            var read = file.Read(at, buffer);
            var whole = 0;
            for (; whole + EntrySize <= read; whole += EntrySize)
            {
                var entry = buffer.AsSpan(whole, EntrySize);
                var index = BinaryPrimitives.ReadInt64LittleEndian(entry);
                if (BinaryPrimitives.ReadUInt64LittleEndian(entry[72..]) != XxHash3.HashToUInt64(entry[..72])
                    || (ulong)index >= (ulong)volumeBlocks) break;
                each(index, new BlockAddress(entry.Slice(8, 32)), entry.Slice(40, 32).ToArray());
            }

            // What is taken for the end is overwritten, and what lies behind it not kept: look again.
            if (whole == 0 && ++failed == ReadsMax) break;
            if (whole > 0) failed = 0;
            at += whole;
        }

        return at;
    }
}
