using System.IO.Compression;
using ZstdNet;

namespace Kiln.Disks;

/// <summary>Decompresses one unit: exactly as many bytes as it must have, and not one more is made.</summary>
internal static class Inflate
{
    /// <summary>The bytes of a stream.</summary>
    /// <exception cref="DiskFormatException">There are fewer, or they are damaged.</exception>
    public static byte[] Fill(Stream stream, int bytes)
    {
        using (stream)
        {
            var unit = new byte[bytes];
            try
            {
                stream.ReadExactly(unit);
                return unit;
            }
            catch (Exception damaged) when (damaged is InvalidDataException or IOException or ZstdException)
            {
                throw Damaged();
            }
        }
    }

    /// <summary>The bytes of a zstd frame that may be followed by something else.</summary>
    /// <exception cref="DiskFormatException">There are fewer, or they are damaged.</exception>
    public static byte[] Zstd(byte[] packed, int bytes) =>
        Fill(new DecompressionStream(new MemoryStream(packed)), bytes);

    /// <summary>A unit of a zlib stream.</summary>
    /// <exception cref="DiskFormatException">There are fewer, or they are damaged.</exception>
    public static byte[] Zlib(byte[] packed, int bytes) =>
        Fill(new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress), bytes);

    private static DiskFormatException Damaged() => new("The image's compressed data is damaged.");
}
