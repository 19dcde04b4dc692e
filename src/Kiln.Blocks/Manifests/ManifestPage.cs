using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Kiln.Blocks.Manifests;

/// <summary>4096 references of a manifest: which blocks of a 2 GiB range are written, and their addresses.</summary>
/// <remarks>Format: docs/formats/manifest.md. Kept in segments as records of their own kind, never encrypted, so that
/// collection and copies need no key.</remarks>
internal sealed class ManifestPage
{
    internal const int References = 4096;
    internal const int HeaderSize = 16;
    internal const int MapSize = References / 8;
    internal const int BytesMax = HeaderSize + MapSize + (References * BlockAddress.Size);
    private const ulong Magic = 0x3147_4150_4E4C_494B; // "KILNPAG1"
    private const int Words = References / 64;

    private readonly ulong[] map = new ulong[Words];
    private BlockAddress[] addresses = [];

    internal int Count { get; private set; }

    /// <summary>Memory the page holds, for the cache's bound.</summary>
    internal int MemoryBytes => MapSize + (addresses.Length * BlockAddress.Size) + 64;

    internal bool TryGet(int slot, out BlockAddress address)
    {
        if ((map[slot >> 6] >> (slot & 63) & 1) == 0)
        {
            address = default;
            return false;
        }

        address = addresses[addresses.Length == References ? slot : Rank(slot)];
        return true;
    }

    /// <summary>Next written slot at or after one; 4096 when there is none.</summary>
    internal int Next(int slot)
    {
        for (var word = slot >> 6; word < Words; word++, slot = word << 6)
        {
            var bits = map[word] & (ulong.MaxValue << (slot & 63));
            if (bits != 0) return (word << 6) + BitOperations.TrailingZeroCount(bits);
        }

        return References;
    }

    // A page that is being built is spread out (slot = index); a page that was read is packed (slot = rank).
    internal void Set(int slot, BlockAddress address)
    {
        Spread();
        var bit = 1UL << (slot & 63);
        if ((map[slot >> 6] & bit) == 0) Count++;
        map[slot >> 6] |= bit;
        addresses[slot] = address;
    }

    internal void Clear(int slot)
    {
        Spread();
        var bit = 1UL << (slot & 63);
        if ((map[slot >> 6] & bit) != 0) Count--;
        map[slot >> 6] &= ~bit;
    }

    internal byte[] Encode(out BlockAddress address)
    {
        var bytes = new byte[HeaderSize + MapSize + (Count * BlockAddress.Size)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Count);
        for (var i = 0; i < Words; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HeaderSize + (i * 8)), map[i]);
        var at = HeaderSize + MapSize;
        for (var slot = Next(0); slot < References; slot = Next(slot + 1), at += BlockAddress.Size)
        {
            TryGet(slot, out var reference);
            reference.CopyTo(bytes.AsSpan(at));
        }

        Span<byte> digest = stackalloc byte[BlockAddress.Size];
        SHA256.HashData(bytes, digest);
        address = new BlockAddress(digest);
        return bytes;
    }

    /// <summary>Decodes bytes whose digest was verified. Still distrusts them: the digest proves only who named them.
    /// </summary>
    /// <exception cref="BlockCorruptException">They are not a page.</exception>
    internal static ManifestPage Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize + MapSize || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
            throw new BlockCorruptException("Not a manifest page.");
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var page = new ManifestPage { Count = count };
        var bits = 0;
        for (var i = 0; i < Words; i++)
        {
            page.map[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(HeaderSize + (i * 8))..]);
            bits += BitOperations.PopCount(page.map[i]);
        }

        if (count is < 0 or > References || bits != count || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != 0
            || bytes.Length != HeaderSize + MapSize + (count * BlockAddress.Size))
            throw new BlockCorruptException("A manifest page contradicts itself.");
        page.addresses = new BlockAddress[count];
        for (var i = 0; i < count; i++)
            page.addresses[i] = new BlockAddress(bytes.Slice(HeaderSize + MapSize + (i * 32), 32));
        return page;
    }

    internal ManifestPage Copy()
    {
        var copy = new ManifestPage { Count = Count, addresses = [.. addresses] };
        map.CopyTo(copy.map, 0);
        return copy;
    }

    private void Spread()
    {
        if (addresses.Length == References) return;
        var spread = new BlockAddress[References];
        for (var slot = Next(0); slot < References; slot = Next(slot + 1)) spread[slot] = addresses[Rank(slot)];
        addresses = spread;
    }

    private int Rank(int slot)
    {
        var rank = BitOperations.PopCount(map[slot >> 6] & ((1UL << (slot & 63)) - 1));
        for (var word = 0; word < slot >> 6; word++) rank += BitOperations.PopCount(map[word]);
        return rank;
    }
}
