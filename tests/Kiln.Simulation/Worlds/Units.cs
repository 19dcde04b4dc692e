using System.Runtime.InteropServices;
using Kiln.Blocks;

namespace Kiln.Simulation.Worlds;

/// <summary>
/// Contents that say where they belong: 512 bytes repeat one word of stamp and place, so that a piece that is torn,
/// stale, or from elsewhere is recognised. Stamp 0 is zeros.
/// </summary>
internal static class Units
{
    internal const int Size = 512;
    internal const int PerBlock = Block.Size / Size;
    internal const int PerSector = 8;

    /// <summary>Answered for bytes that nobody wrote there.</summary>
    internal const int Wrong = -1;

    internal static byte[] Bytes(int first, ReadOnlySpan<int> stamps)
    {
        var bytes = new byte[stamps.Length * Size];
        for (var i = 0; i < stamps.Length; i++)
        {
            if (stamps[i] == 0) continue;
            MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(i * Size, Size)).Fill(Word(first + i, stamps[i]));
        }

        return bytes;
    }

    internal static int[] Stamps(int first, ReadOnlySpan<byte> bytes)
    {
        var stamps = new int[bytes.Length / Size];
        for (var i = 0; i < stamps.Length; i++)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(i * Size, Size));
            var stamp = (int)(words[0] >> 32);
            var known = words.IndexOfAnyExcept(words[0]) < 0 && words[0] == (stamp == 0 ? 0 : Word(first + i, stamp));
            stamps[i] = known ? stamp : Wrong;
        }

        return stamps;
    }

    private static ulong Word(int unit, int stamp) => ((ulong)stamp << 32) | (uint)unit;
}
