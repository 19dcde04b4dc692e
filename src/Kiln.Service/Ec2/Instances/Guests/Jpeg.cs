using System.Buffers.Binary;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Writes baseline JPEG: ITU-T T.81 with the example tables of its annex K, colours at full
/// resolution.</summary>
/// <remarks>EC2 answers GetConsoleScreenshot with a JPEG, and QEMU writes none. Text stays sharp at this quality; a
/// screen of 720 by 400 takes some 20 ms and 40 KB.</remarks>
internal static class Jpeg
{
    private const int Side = 8;

    // K.1 and K.2, halved: quality 75.
    private static readonly byte[] Light = Halved(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]);

    private static readonly byte[] Colour = Halved(
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ]);

    // Figure A.6: the order in which a block's coefficients are written.
    private static readonly byte[] ZigZag =
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
        21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60,
        61, 54, 47, 55, 62, 63,
    ];

    private static readonly double[] Cosines = MakeCosines();

    /// <summary>Encodes a picture.</summary>
    public static byte[] Encode(PixelMap picture)
    {
        using var output = new MemoryStream();
        output.Write([0xFF, 0xD8]);
        Segment(output, 0xE0, [.. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
        Segment(output, 0xDB, [0, .. Ordered(Light)]);
        Segment(output, 0xDB, [1, .. Ordered(Colour)]);
        var size = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)picture.Height);
        BinaryPrimitives.WriteUInt16BigEndian(size.AsSpan(2), (ushort)picture.Width);
        Segment(output, 0xC0, [8, .. size, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
        Segment(output, 0xC4, [0x00, .. JpegCode.LightMean.Table]);
        Segment(output, 0xC4, [0x10, .. JpegCode.LightRest.Table]);
        Segment(output, 0xC4, [0x01, .. JpegCode.ColourMean.Table]);
        Segment(output, 0xC4, [0x11, .. JpegCode.ColourRest.Table]);
        Segment(output, 0xDA, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
        WriteBlocks(picture, output);
        output.Write([0xFF, 0xD9]);
        return output.ToArray();
    }

    private static void WriteBlocks(PixelMap picture, MemoryStream output)
    {
        var bits = new JpegBits(output);
        Span<double> samples = stackalloc double[Side * Side];
        Span<int> block = stackalloc int[Side * Side];
        Span<int> means = [0, 0, 0];
        for (var top = 0; top < picture.Height; top += Side)
        {
            for (var left = 0; left < picture.Width; left += Side)
            {
                for (var component = 0; component < 3; component++)
                {
                    Take(picture, left, top, component, samples);
                    Transform(samples, component == 0 ? Light : Colour, block);
                    WriteBlock(
                        bits, block, ref means[component],
                        component == 0 ? JpegCode.LightMean : JpegCode.ColourMean,
                        component == 0 ? JpegCode.LightRest : JpegCode.ColourRest);
                }
            }
        }
        bits.End();
    }

    // JFIF's luma and colour differences, about zero. Beyond the edge the last pixel goes on.
    private static void Take(PixelMap picture, int left, int top, int component, Span<double> samples)
    {
        var pixels = picture.Pixels.Span;
        for (var i = 0; i < samples.Length; i++)
        {
            var x = Math.Min(left + i % Side, picture.Width - 1);
            var y = Math.Min(top + i / Side, picture.Height - 1);
            var at = (y * picture.Width + x) * 3;
            double red = pixels[at], green = pixels[at + 1], blue = pixels[at + 2];
            samples[i] = component switch
            {
                0 => 0.299 * red + 0.587 * green + 0.114 * blue - 128,
                1 => -0.168736 * red - 0.331264 * green + 0.5 * blue,
                _ => 0.5 * red - 0.418688 * green - 0.081312 * blue,
            };
        }
    }

    // A.3.3, rows and then columns.
    private static void Transform(Span<double> samples, byte[] quantum, Span<int> block)
    {
        Span<double> rows = stackalloc double[Side * Side];
        for (var y = 0; y < Side; y++)
        {
            for (var u = 0; u < Side; u++)
            {
                var sum = 0.0;
                for (var x = 0; x < Side; x++)
                    sum += samples[y * Side + x] * Cosines[u * Side + x];
                rows[y * Side + u] = sum;
            }
        }
        for (var v = 0; v < Side; v++)
        {
            for (var u = 0; u < Side; u++)
            {
                var sum = 0.0;
                for (var y = 0; y < Side; y++)
                    sum += rows[y * Side + u] * Cosines[v * Side + y];
                block[v * Side + u] = (int)Math.Round(sum / quantum[v * Side + u]);
            }
        }
    }

    // F.1.2: the mean as a difference to the block before, the rest as runs of zeros and values.
    private static void WriteBlock(
        JpegBits bits, Span<int> block, ref int mean, JpegCode meanCode, JpegCode restCode)
    {
        var difference = block[0] - mean;
        mean = block[0];
        var length = Length(difference);
        bits.Write(meanCode, (byte)length);
        bits.WriteValue(difference, length);
        var zeros = 0;
        for (var i = 1; i < block.Length; i++)
        {
            var value = block[ZigZag[i]];
            if (value == 0)
            {
                zeros++;
                continue;
            }
            for (; zeros > 15; zeros -= 16)
                bits.Write(restCode, 0xF0);
            length = Length(value);
            bits.Write(restCode, (byte)(zeros << 4 | length));
            bits.WriteValue(value, length);
            zeros = 0;
        }
        if (zeros > 0)
            bits.Write(restCode, 0);
    }

    private static int Length(int value) => 32 - int.LeadingZeroCount(Math.Abs(value));

    private static void Segment(MemoryStream output, byte marker, ReadOnlySpan<byte> content)
    {
        output.Write([0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2)]);
        output.Write(content);
    }

    private static byte[] Ordered(byte[] table) => [.. ZigZag.Select(i => table[i])];

    private static byte[] Halved(byte[] table) => [.. table.Select(q => (byte)((q + 1) / 2))];

    private static double[] MakeCosines()
    {
        var table = new double[Side * Side];
        for (var u = 0; u < Side; u++)
        {
            for (var x = 0; x < Side; x++)
            {
                table[u * Side + x] = Math.Cos((2 * x + 1) * u * Math.PI / (2 * Side)) / 2
                    * (u == 0 ? 1 / Math.Sqrt(2) : 1);
            }
        }
        return table;
    }
}
