using System.Globalization;
using System.Text;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A picture of three bytes a pixel: red, green, blue.</summary>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Pixels">Row by row from the top.</param>
internal sealed record PixelMap(int Width, int Height, ReadOnlyMemory<byte> Pixels)
{
    private const int SideMax = 8192;

    /// <summary>Reads a binary PPM (<c>P6</c>) of 8 bits a colour, as QEMU writes it.</summary>
    /// <exception cref="IOException">It is none.</exception>
    public static PixelMap Parse(ReadOnlyMemory<byte> file)
    {
        var at = 0;
        if (Word(file.Span, ref at) != "P6" || Number(file.Span, ref at) is not { } width
            || Number(file.Span, ref at) is not { } height || Number(file.Span, ref at) != 255
            || file.Length - at < width * height * 3)
            throw new IOException("QEMU's picture is no PPM.");
        return new PixelMap(width, height, file.Slice(at, width * height * 3));
    }

    private static int? Number(ReadOnlySpan<byte> file, ref int at) =>
        int.TryParse(Word(file, ref at), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= SideMax ? number : null;

    // A word and the one white space behind it.
    private static string Word(ReadOnlySpan<byte> file, ref int at)
    {
        var rest = file[at..Math.Min(file.Length, at + 16)];
        var end = rest.IndexOfAny((byte)' ', (byte)'\n');
        if (end < 0)
            return "";
        at += end + 1;
        return Encoding.ASCII.GetString(rest[..end]);
    }
}
