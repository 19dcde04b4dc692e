namespace Kiln.Blocks.Segments;

/// <summary>A record of the clear domain as one zstd stream: its frames one behind the other, as RFC 8878 section 3
/// allows. Compressed frames go out as they are stored; raw ones and zeros get a frame around them.</summary>
internal static class ZstdFrames
{
    // Section 3.1.1: magic number; single segment with a content size of two bytes, which is that of 64 KiB less 256.
    private static ReadOnlySpan<byte> FrameHeader => [0x28, 0xB5, 0x2F, 0xFD, 0x60, 0x00, 0xFF];

    // Section 3.1.1.2: last block, raw or one byte repeated, 65536 bytes.
    private static ReadOnlySpan<byte> RawBlock => [0x01, 0x00, 0x08];

    private static ReadOnlySpan<byte> ZeroBlock => [0x03, 0x00, 0x08, 0x00];

    /// <summary>Writes the stream of a whole block.</summary>
    /// <returns>Its length, or 0 when it would not be shorter than the block.</returns>
    /// <exception cref="BlockCorruptException">Stored bytes do not match their hash.</exception>
    internal static int Write(BlockCodec codec, Span<byte> destination)
    {
        var header = codec.Header;
        if (header.Encrypted || header.PlainLength != Block.Size)
            throw new ArgumentException("Whole blocks of the clear domain only.", nameof(codec));
        var at = 0;
        for (var frame = 0; frame < Block.Frames; frame++)
        {
            var stored = codec.Intact(frame);
            if (at + FrameHeader.Length + ZeroBlock.Length + stored.Length > Block.Size) return 0;
            switch (header.FrameCodec(frame))
            {
                case RecordHeader.CodecZstd:
                    at += Append(destination[at..], stored);
                    break;
                case RecordHeader.CodecRaw:
                    at += Append(destination[at..], FrameHeader);
                    at += Append(destination[at..], RawBlock);
                    at += Append(destination[at..], stored);
                    break;
                default:
                    at += Append(destination[at..], FrameHeader);
                    at += Append(destination[at..], ZeroBlock);
                    break;
            }
        }

        return at;
    }

    private static int Append(Span<byte> destination, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(destination);
        return bytes.Length;
    }
}
