using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Segments;

/// <summary>
/// Packs plain bytes into a record and unpacks frames of it. One user at a time; the store keeps a few.
/// Format: docs/formats/segment.md.
/// </summary>
internal sealed unsafe class BlockCodec : IDisposable
{
    // Room for the header, the stored bytes, and a compressor that overshoots on the last frame.
    private const int Capacity = RecordHeader.Size + RecordHeader.StoredMax + 8192;

    // A frame that saves less than this is kept raw: reading it back then costs no decompression.
    private const int SavingMin = Block.FrameSize / 32;

    // What the probe looks at once two frames of a block did not compress.
    private const int ProbeBytes = 4096;

    private readonly CompressionLevels levels;
    private readonly nint compressor = Zstd.CreateCompressor();
    private readonly nint decompressor = Zstd.CreateDecompressor();
    private readonly byte* record;
    private readonly byte* plain;
    private byte* scratch;

    internal BlockCodec(CompressionLevels levels)
    {
        this.levels = levels;
        record = (byte*)NativeMemory.AlignedAlloc(Capacity, 4096);
        plain = (byte*)NativeMemory.AlignedAlloc(Block.Size, 4096);
    }

    /// <summary>The record in hand: header first. Filled by <see cref="Pack"/>, or by the caller after a
    /// read.</summary>
    internal Span<byte> Record => new(record, RecordHeader.Size + RecordHeader.StoredMax);

    internal RecordHeader Header => new(Record);

    /// <summary>Page-aligned memory for one record and the pages around it.</summary>
    internal Span<byte> Scratch
    {
        get
        {
            if (scratch is null) scratch = (byte*)NativeMemory.AlignedAlloc(Capacity, 4096);
            return new Span<byte>(scratch, Capacity);
        }
    }

    /// <summary>Room for one unpacked block.</summary>
    internal Span<byte> Plain => new(plain, Block.Size);

    /// <summary>Packs into <see cref="Record"/>; the place (and with it the header's hash) is added on
    /// append.</summary>
    internal void Pack(
        ReadOnlySpan<byte> source, BlockAddress address, byte kind, KeyDomain? domain, Effort effort)
    {
        var level = levels.Of(effort);
        var header = Header;
        header.Bytes.Clear();
        header.Kind = kind;
        header.Effort = effort;
        header.Address = address;
        header.PlainLength = source.Length;
        var frames = header.FrameCount;
        var at = RecordHeader.Size;
        var incompressible = 0;
        fixed (byte* from = source)
        {
            for (var frame = 0; frame < frames; frame++)
            {
                var length = header.FramePlainLength(frame);
                var input = from + (frame * Block.FrameSize);
                if (Block.IsZero(new ReadOnlySpan<byte>(input, length)))
                {
                    header.SetFrame(frame, 0, RecordHeader.CodecZero, 0);
                    continue;
                }

                var size = incompressible >= 2 && !Promises(input, length)
                    ? 0 : Compress(record + at, input, length, level);
                if (size == 0)
                {
                    incompressible++;
                    Buffer.MemoryCopy(input, record + at, length, length);
                    header.SetFrame(frame, length, RecordHeader.CodecRaw, 0);
                    at += length;
                }
                else
                {
                    header.SetFrame(frame, size, RecordHeader.CodecZstd, 0);
                    at += size;
                }

                // Leaves the room that the tag of an encrypted frame will take.
                if (domain is not null) at += KeyDomain.TagSize;
            }
        }

        header.StoredLength = at - RecordHeader.Size;
        Finish(domain);
    }

    /// <summary>Seals the record in hand anew for another domain, without unpacking it.</summary>
    internal void Reseal(KeyDomain? from, BlockAddress address, KeyDomain? to)
    {
        var header = Header;
        int gapFrom = from is null ? 0 : KeyDomain.TagSize, gapTo = to is null ? 0 : KeyDomain.TagSize;
        for (var frame = 0; frame < header.FrameCount; frame++) OpenFrame(frame, from);
        if (gapFrom + gapTo > 0) Spread(gapFrom, gapTo);
        header.Address = address;
        header.Flags = 0;
        header.DomainTag.Clear();
        header.Nonce.Clear();
        Finish(to);
    }

    /// <summary>Unpacks one frame of the record in hand.</summary>
    /// <exception cref="BlockCorruptException">A check failed.</exception>
    internal void Unpack(int frame, KeyDomain? domain, Span<byte> destination)
    {
        var header = Header;
        var length = header.FramePlainLength(frame);
        destination = destination[..length];
        if (header.FrameCodec(frame) == RecordHeader.CodecZero)
        {
            destination.Clear();
            return;
        }

        var payload = OpenFrame(frame, domain);
        if (header.FrameCodec(frame) == RecordHeader.CodecRaw)
        {
            payload.CopyTo(destination);
            return;
        }

        fixed (byte* to = destination)
        fixed (byte* from = payload)
        {
            var size = Zstd.Decompress(decompressor, to, (nuint)length, from, (nuint)payload.Length);
            if (Zstd.IsError(size) != 0 || size != (nuint)length)
                throw new BlockCorruptException($"Frame {frame} of {header.Address} does not unpack.");
        }
    }

    /// <summary>Unpacks everything and verifies it end to end against the address.</summary>
    internal void UnpackVerified(KeyDomain? domain, Span<byte> destination)
    {
        var header = Header;
        for (var frame = 0; frame < header.FrameCount; frame++)
            Unpack(frame, domain, destination[(frame * Block.FrameSize)..]);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(destination[..header.PlainLength], digest);
        if (KeyDomain.AddressOf(domain, digest) != header.Address)
            throw new BlockCorruptException($"The bytes of {header.Address} hash to something else.");
    }

    /// <summary>The first of the three checks, for which no key is needed: stored bytes against their hash.</summary>
    internal bool StoredBytesAreIntact(int frame)
    {
        var header = Header;
        return header.FrameCodec(frame) == RecordHeader.CodecZero
            || XxHash3.HashToUInt64(Stored(frame)) == header.FrameHash(frame);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Zstd.FreeCompressor(compressor);
        Zstd.FreeDecompressor(decompressor);
        NativeMemory.AlignedFree(record);
        NativeMemory.AlignedFree(plain);
        NativeMemory.AlignedFree(scratch);
    }

    private Span<byte> Stored(int frame)
    {
        var header = Header;
        return new Span<byte>(record + RecordHeader.Size + header.FrameOffset(frame), header.FrameLength(frame));
    }

    // Adds the tags' room to the lengths, encrypts, and hashes what will lie on the disk.
    private void Finish(KeyDomain? domain)
    {
        var header = Header;
        var frames = header.FrameCount;
        if (domain is null)
        {
            for (var frame = 0; frame < frames; frame++) Rehash(frame);
            return;
        }

        header.Flags = RecordHeader.FlagEncrypted;
        domain.Tag.CopyTo(header.DomainTag);
        domain.NextNonce(header.Nonce);
        var cipher = domain.RentCipher();
        try
        {
            Span<byte> nonce = stackalloc byte[KeyDomain.NonceSize];
            Span<byte> associated = stackalloc byte[AssociatedSize];
            for (var frame = 0; frame < frames; frame++)
            {
                if (header.FrameCodec(frame) == RecordHeader.CodecZero) continue;
                var size = header.FrameLength(frame);
                header.SetFrame(frame, size + KeyDomain.TagSize, header.FrameCodec(frame), 0);
                var stored = Stored(frame);
                Context(frame, nonce, associated);
                cipher.Encrypt(nonce, stored[..size], stored[..size], stored[size..], associated);
                Rehash(frame);
            }
        }
        finally
        {
            domain.ReturnCipher(cipher);
        }
    }

    /// <summary>The stored bytes of a frame, which match their hash; none for zeros.</summary>
    /// <exception cref="BlockCorruptException">They do not.</exception>
    internal ReadOnlySpan<byte> Intact(int frame)
    {
        if (!StoredBytesAreIntact(frame))
            throw new BlockCorruptException($"Stored bytes of frame {frame} of {Header.Address} are damaged.");
        return Header.FrameCodec(frame) == RecordHeader.CodecZero ? default : Stored(frame);
    }

    // Checks the stored bytes of a frame and, for an encrypted one, decrypts them where they are.
    private ReadOnlySpan<byte> OpenFrame(int frame, KeyDomain? domain)
    {
        var header = Header;
        if (header.FrameCodec(frame) == RecordHeader.CodecZero) return default;
        Intact(frame);
        var stored = Stored(frame);
        if (!header.Encrypted) return stored;
        if (domain is null || !header.DomainTag.SequenceEqual(domain.Tag))
            throw new BlockCorruptException($"Block {header.Address} is sealed under another key domain.");
        Span<byte> nonce = stackalloc byte[KeyDomain.NonceSize];
        Span<byte> associated = stackalloc byte[AssociatedSize];
        Context(frame, nonce, associated);
        var payload = stored[..^KeyDomain.TagSize];
        var cipher = domain.RentCipher();
        try
        {
            cipher.Decrypt(nonce, payload, stored[^KeyDomain.TagSize..], payload, associated);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new BlockCorruptException($"Frame {frame} of {header.Address} fails authentication.", e);
        }
        finally
        {
            domain.ReturnCipher(cipher);
        }

        return payload;
    }

    private const int AssociatedSize = BlockAddress.Size + KeyDomain.TagOfDomainSize + 8;

    // The context is free of position, so that a record may be copied between segments as it is.
    private void Context(int frame, Span<byte> nonce, Span<byte> associated)
    {
        var header = Header;
        header.Nonce.CopyTo(nonce);
        nonce[^1] |= (byte)frame;
        header.Address.CopyTo(associated);
        header.DomainTag.CopyTo(associated[BlockAddress.Size..]);
        BinaryPrimitives.WriteInt32LittleEndian(associated[^8..], header.PlainLength);
        BinaryPrimitives.WriteInt32LittleEndian(
            associated[^4..], frame | (header.FrameCodec(frame) << 8) | (header.Kind << 16));
    }

    private void Rehash(int frame)
    {
        var header = Header;
        var codec = header.FrameCodec(frame);
        if (codec == RecordHeader.CodecZero) return;
        header.SetFrame(frame, header.FrameLength(frame), codec, XxHash3.HashToUInt64(Stored(frame)));
    }

    // Moves the payloads so that the gaps behind them become as large as the new domain's tags, and drops old tags
    // from the lengths.
    private void Spread(int gapFrom, int gapTo)
    {
        var header = Header;
        Span<int> sources = stackalloc int[Block.Frames];
        Span<int> targets = stackalloc int[Block.Frames];
        int source = 0, target = 0;
        for (var frame = 0; frame < header.FrameCount; frame++)
        {
            var zero = header.FrameCodec(frame) == RecordHeader.CodecZero;
            var payload = header.FrameLength(frame) - (zero ? 0 : gapFrom);
            (sources[frame], targets[frame]) = (source, target);
            source += header.FrameLength(frame);
            target += payload + (zero ? 0 : gapTo);
            header.SetFrame(frame, payload, header.FrameCodec(frame), 0);
        }

        var data = record + RecordHeader.Size;
        for (var i = 0; i < header.FrameCount; i++)
        {
            var frame = gapTo > gapFrom ? header.FrameCount - 1 - i : i;
            var length = header.FrameLength(frame);
            Buffer.MemoryCopy(data + sources[frame], data + targets[frame], length, length);
        }

        header.StoredLength = target;
    }

    private int Compress(byte* to, byte* from, int length, int level)
    {
        var capacity = (nuint)(Capacity - (to - record));
        var size = Zstd.Compress(compressor, to, capacity, from, (nuint)length, level);
        return Zstd.IsError(size) != 0 || size + (nuint)Math.Min(SavingMin, length / 2) > (nuint)length ? 0 : (int)size;
    }

    private bool Promises(byte* from, int length)
    {
        if (length <= ProbeBytes) return true;
        var at = record + Capacity - 8192;
        var size = Zstd.Compress(compressor, at, 8192, from + (length / 2), ProbeBytes, levels.Plain);
        return Zstd.IsError(size) == 0 && size < ProbeBytes - (ProbeBytes / 32);
    }
}
