using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Segments;

/// <summary>The 192 bytes before the stored bytes of a record. Format: docs/formats/segment.md.</summary>
/// <remarks>A view over the bytes, so that a record travels between stores without being taken apart.</remarks>
internal readonly ref struct RecordHeader(Span<byte> bytes)
{
    internal const int Size = 192;
    internal const uint Magic = 0x3152_424B; // "KBR1"
    internal const byte Version = 2;
    internal const byte FlagEncrypted = 1;
    internal const byte KindBlock = 0;
    internal const byte KindPage = 1;
    internal const byte CodecRaw = 0;
    internal const byte CodecZstd = 1;
    internal const byte CodecZero = 2;

    /// <summary>Longest stored part: eight raw frames with a tag each.</summary>
    internal const int StoredMax = Block.Size + (Block.Frames * KeyDomain.TagSize);

    /// <summary>Records begin at multiples of this, so that a scan need not try every byte.</summary>
    internal const int Alignment = 64;

    private readonly Span<byte> bytes = bytes[..Size];

    internal Span<byte> Bytes => bytes;
    internal byte Flags { get => bytes[5]; set => bytes[5] = value; }
    internal byte Kind { get => bytes[6]; set => bytes[6] = value; }
    internal Effort Effort { get => (Effort)bytes[7]; set => bytes[7] = (byte)value; }
    internal int PlainLength { get => Get32(8); set => Set32(8, value); }
    internal int StoredLength { get => Get32(12); set => Set32(12, value); }
    internal long Position
    {
        get => BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        set => BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], value);
    }

    internal BlockAddress Address { get => new(bytes.Slice(24, 32)); set => value.CopyTo(bytes.Slice(24, 32)); }
    internal Span<byte> DomainTag => bytes.Slice(56, KeyDomain.TagOfDomainSize);
    internal Span<byte> Nonce => bytes.Slice(72, KeyDomain.NonceSize);
    internal bool Encrypted => (Flags & FlagEncrypted) != 0;
    internal int FrameCount => (PlainLength + Block.FrameSize - 1) / Block.FrameSize;

    /// <summary>Length of header, stored bytes and the padding to the next record.</summary>
    internal int Total => Padded(StoredLength);

    internal static int Padded(int storedLength) => (Size + storedLength + Alignment - 1) & -Alignment;

    internal int FrameLength(int frame) => Get32(88 + (frame * 4)) & 0xFF_FFFF;

    internal byte FrameCodec(int frame) => bytes[88 + (frame * 4) + 3];

    internal ulong FrameHash(int frame) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(120 + (frame * 8))..]);

    internal void SetFrame(int frame, int length, byte codec, ulong hash)
    {
        Set32(88 + (frame * 4), length | (codec << 24));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[(120 + (frame * 8))..], hash);
    }

    internal int FramePlainLength(int frame) => Math.Min(Block.FrameSize, PlainLength - (frame * Block.FrameSize));

    internal int FrameOffset(int frame)
    {
        var offset = 0;
        for (var i = 0; i < frame; i++) offset += FrameLength(i);
        return offset;
    }

    internal void MarkDense() => Effort = Effort.Dense;

    /// <summary>Binds the record to its place: the hash is seeded with a secret of the segment.</summary>
    internal void Seal(long position, ulong seed)
    {
        MemoryMarshal.Write(bytes, Magic);
        bytes[4] = Version;
        Position = position;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[184..], Hash(seed));
    }

    /// <summary>True when these bytes are a header that was written at this place of this segment.</summary>
    internal bool IsValidAt(long position, ulong seed) =>
        MemoryMarshal.Read<uint>(bytes) == Magic && bytes[4] == Version && Position == position
        && BinaryPrimitives.ReadUInt64LittleEndian(bytes[184..]) == Hash(seed) && IsSane();

    // Content that a guest wrote may look like a record; without the segment's seed it cannot look like a valid one.
    private ulong Hash(ulong seed) => XxHash3.HashToUInt64(bytes[..184], (long)seed);

    /// <summary>True when lengths and codecs can be trusted as bounds, whoever wrote them.</summary>
    internal bool IsSane()
    {
        if (Kind > KindPage || Flags > FlagEncrypted || Effort > Effort.Dense || Get32(84) != 0) return false;
        if (PlainLength is <= 0 or > Block.Size || StoredLength is < 0 or > StoredMax) return false;
        var overhead = Encrypted ? KeyDomain.TagSize : 0;
        var sum = 0;
        for (var i = 0; i < Block.Frames; i++)
        {
            int length = FrameLength(i), codec = FrameCodec(i);
            if (i >= FrameCount || codec == CodecZero)
            {
                if (length != 0 || FrameHash(i) != 0 || (i >= FrameCount && codec != 0)) return false;
                continue;
            }

            var payload = length - overhead;
            var fits = codec switch
            {
                CodecRaw => payload == FramePlainLength(i),
                CodecZstd => payload > 0 && payload < FramePlainLength(i),
                _ => false,
            };
            if (!fits) return false;
            sum += length;
        }

        return sum == StoredLength;
    }

    private int Get32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private void Set32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes[at..], value);
}
