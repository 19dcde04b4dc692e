namespace Kiln.Blocks;

/// <summary>Sizes of the unit of storage: the EBS direct block and the frames it is kept in.</summary>
public static class Block
{
    /// <summary>Bytes of a block: the unit of the EBS direct API.</summary>
    public const int Size = 524_288;

    /// <summary>Bytes of a frame: what a first touch of 4 KiB has to unpack.</summary>
    public const int FrameSize = 65_536;

    /// <summary>Frames in a whole block.</summary>
    public const int Frames = Size / FrameSize;

    /// <summary>True when every byte is zero. Leaves at the first byte that is not.</summary>
    public static bool IsZero(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);

    /// <summary>The frames that a part of a block lies in, bit 0 the first.</summary>
    internal static byte FramesOf(int within, int length)
    {
        var first = within / FrameSize;
        var last = (within + Math.Max(length, 1) - 1) / FrameSize;
        return (byte)(((1 << (last - first + 1)) - 1) << first);
    }
}
