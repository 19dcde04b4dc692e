using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Manifests;

/// <summary>The file that lists the pages of a manifest. Format: docs/formats/manifest.md.</summary>
internal static class ManifestFormat
{
    internal const string Folder = "manifests";
    internal const int HeaderSize = 64;
    internal const int EntrySize = 40;

    // 64 TiB, the largest EBS volume, has 32768 pages; the double leaves room without letting a reader run away.
    internal const int PagesMax = 65_536;
    internal const long VolumeBlocksMax = (long)PagesMax * ManifestPage.References;
    internal const int BytesMax = HeaderSize + KeyDomain.IdBytesMax + (PagesMax * EntrySize);
    private const ulong Magic = 0x314E_414D_4E4C_494B; // "KILNMAN1"
    private const ushort Version = 1;

    internal static string NameOf(ManifestId id) => $"{Folder}/{id}";

    internal static byte[] Encode(
        long volumeBlocks, string? domainId, IReadOnlyList<PageReference> pages, out ManifestId id)
    {
        var domain = Encoding.UTF8.GetBytes(domainId ?? "");
        var bytes = new byte[HeaderSize + domain.Length + (pages.Count * EntrySize)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)domain.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Block.Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), volumeBlocks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), pages.Sum(p => (long)p.Count));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), pages.Count);
        domain.CopyTo(bytes, HeaderSize);
        var at = HeaderSize + domain.Length;
        foreach (var page in pages)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), page.Number);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), page.Count);
            page.Address.CopyTo(bytes.AsSpan(at + 8));
            at += EntrySize;
        }

        id = IdOf(bytes);
        return bytes;
    }

    internal static ManifestId IdOf(ReadOnlySpan<byte> bytes) =>
        new(Convert.ToHexStringLower(SHA256.HashData(bytes)));

    internal static (long VolumeBlocks, string? DomainId, PageReference[] Pages) Decode(
        ReadOnlySpan<byte> bytes, ManifestId id)
    {
        if (bytes.Length < HeaderSize || IdOf(bytes) != id)
            throw new BlockCorruptException($"Manifest {id} does not hash to its name.");
        var domainLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        var volumeBlocks = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != Version
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != Block.Size
            || volumeBlocks is < 0 or > VolumeBlocksMax || count is < 0 or > PagesMax
            || domainLength > KeyDomain.IdBytesMax
            || bytes.Length != HeaderSize + domainLength + (count * (long)EntrySize))
            throw new BlockCorruptException($"Manifest {id} is of an unknown form.");
        var pages = new PageReference[count];
        var at = HeaderSize + domainLength;
        for (var i = 0; i < count; i++, at += EntrySize)
        {
            pages[i] = new PageReference(
                BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + 4)..]),
                new BlockAddress(bytes.Slice(at + 8, 32)));
            if (pages[i].Number < 0 || (long)pages[i].Number * ManifestPage.References >= volumeBlocks
                || pages[i].Count is <= 0 or > ManifestPage.References
                || (i > 0 && pages[i].Number <= pages[i - 1].Number))
                throw new BlockCorruptException($"Manifest {id} lists an impossible page.");
        }

        var domain = domainLength == 0 ? null : Encoding.UTF8.GetString(bytes.Slice(HeaderSize, domainLength));
        return (volumeBlocks, domain, pages);
    }
}
