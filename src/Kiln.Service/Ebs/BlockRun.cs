using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Service.Calls;

namespace Kiln.Service.Ebs;

/// <summary>Several blocks of a snapshot in one body: a call, its row and its signature are worth more work than the
/// block they bring.</summary>
/// <remarks>
/// docs/formats/block-run.md. Blocks of the clear domain go as they are stored: whoever unpacks one verifies it.
/// </remarks>
/// <param name="store">Where the blocks are.</param>
/// <param name="domain">Their key domain; null is the clear one.</param>
/// <param name="body">Takes the run; at least <see cref="BytesMax"/> bytes.</param>
internal sealed class BlockRun(BlockStore store, KeyDomain? domain, byte[] body)
{
    /// <summary>The preference's name.</summary>
    public const string Preference = "kiln-blocks";

    /// <summary>A run's bytes at most: seven blocks that do not compress, some twenty that do.</summary>
    public const int BytesMax = 4 << 20;

    private const int BlocksMax = 64;
    private const int HeaderSize = 8 + SHA256.HashSizeInBytes;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Blocks written.</summary>
    public int Count { get; private set; }

    /// <summary>How many blocks a Prefer header asks for; 0 when it does not speak of them.</summary>
    public static int Wanted(string? prefer) => Preferences.Value(prefer, Preference) is { } value
        && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var blocks)
            ? Math.Min(blocks, BlocksMax) : 0;

    /// <summary>The SHA-256 of a block that has been read.</summary>
    /// <param name="address">Its address, which in the clear domain is the digest that the read has verified.</param>
    /// <param name="domain">The address's domain.</param>
    /// <param name="bytes">The block.</param>
    /// <param name="digest">Takes 32 bytes.</param>
    public static void Digest(BlockAddress address, KeyDomain? domain, ReadOnlySpan<byte> bytes, Span<byte> digest)
    {
        if (domain is null && !address.IsZero)
            address.CopyTo(digest);
        else
            SHA256.HashData(bytes, digest);
    }

    /// <summary>Reads blocks as long as another one fits for certain: at least the first.</summary>
    /// <exception cref="BlockCorruptException">The first cannot be read. A later one ends the run; who asks for it
    /// gets to know.</exception>
    /// <exception cref="BlockMissingException">So is the first not there.</exception>
    public void Read(IEnumerable<ManifestEntry> entries)
    {
        foreach (var (index, address) in entries)
        {
            if (BytesMax - Length < HeaderSize + Block.Size)
                return;
            try
            {
                Add((int)index, address);
            }
            catch (Exception failure)
                when (failure is BlockCorruptException or BlockMissingException && Count > 0)
            {
                return;
            }
        }
    }

    private void Add(int index, BlockAddress address)
    {
        var header = body.AsSpan(Length, HeaderSize);
        var bytes = body.AsSpan(Length + HeaderSize, Block.Size);
        var length = 0;
        if (domain is null && !address.IsZero)
            length = store.ReadPacked(address, bytes);
        if (length == 0)
        {
            store.Read(address, domain, bytes);
            length = address.IsZero ? 0 : Block.Size;
        }
        BinaryPrimitives.WriteInt32LittleEndian(header, index);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        Digest(address, domain, bytes, header[8..]);
        Length += HeaderSize + length;
        Count++;
    }
}
