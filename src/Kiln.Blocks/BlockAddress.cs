using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kiln.Blocks;

/// <summary>The name of a block: 32 bytes that depend on its content and its key domain, and on nothing else.</summary>
/// <remarks>
/// Clear domain: SHA-256 of the plain bytes. Key domain: HMAC-SHA256 of that digest under the domain's salt.
/// <see cref="Zero"/> names the block of zeros, which is never stored.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public readonly struct BlockAddress : IEquatable<BlockAddress>, IComparable<BlockAddress>
{
    /// <summary>Bytes of an address.</summary>
    public const int Size = 32;

    private readonly ulong a;
    private readonly ulong b;
    private readonly ulong c;
    private readonly ulong d;

    /// <summary>Reads an address from its 32 bytes.</summary>
    public BlockAddress(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException("An address has 32 bytes.", nameof(bytes));
        this = MemoryMarshal.Read<BlockAddress>(bytes);
    }

    /// <summary>The block of zeros.</summary>
    public static BlockAddress Zero => default;

    /// <summary>True for the block of zeros.</summary>
    public bool IsZero => (a | b | c | d) == 0;

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    /// <summary>Parses 64 hexadecimal digits.</summary>
    public static bool TryParse(string? text, out BlockAddress address)
    {
        address = default;
        if (text is not { Length: Size * 2 }) return false;
        Span<byte> bytes = stackalloc byte[Size];
        if (Convert.FromHexString(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != Size) return false;
        address = new BlockAddress(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(BlockAddress other) =>
        ((a ^ other.a) | (b ^ other.b) | (c ^ other.c) | (d ^ other.d)) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BlockAddress other && Equals(other);

    // The bytes are a digest already: any 32 bits of it spread as well as a hash of all.
    /// <inheritdoc/>
    public override int GetHashCode() => (int)b;

    /// <inheritdoc/>
    public int CompareTo(BlockAddress other) => Bytes(in this).SequenceCompareTo(Bytes(in other));

    /// <summary>Lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes(in this));

    internal int Shard => (int)(a & 0xFF);

    public static bool operator ==(BlockAddress left, BlockAddress right) => left.Equals(right);

    public static bool operator !=(BlockAddress left, BlockAddress right) => !left.Equals(right);

    public static bool operator <(BlockAddress left, BlockAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(BlockAddress left, BlockAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(BlockAddress left, BlockAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(BlockAddress left, BlockAddress right) => left.CompareTo(right) >= 0;

    private static ReadOnlySpan<byte> Bytes(ref readonly BlockAddress address) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<BlockAddress>(in address));
}
