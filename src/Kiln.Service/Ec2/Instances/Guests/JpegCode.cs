namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A Huffman code of JPEG: those of T.81, annex K.3, which fit most pictures.</summary>
internal sealed class JpegCode
{
    private readonly (uint Bits, int Length)[] _codes = new (uint, int)[256];

    // C.2: codes of one length count up; the next length goes on at twice that.
    private JpegCode(byte[] counts, byte[] symbols)
    {
        Table = [.. counts, .. symbols];
        var next = 0u;
        var at = 0;
        for (var length = 1; length <= counts.Length; length++, next <<= 1)
        {
            for (var i = 0; i < counts[length - 1]; i++)
                _codes[symbols[at++]] = (next++, length);
        }
    }

    /// <summary>Table K.3.</summary>
    public static JpegCode LightMean { get; } =
        new([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

    /// <summary>Table K.4.</summary>
    public static JpegCode ColourMean { get; } =
        new([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

    /// <summary>Table K.5.</summary>
    public static JpegCode LightRest { get; } = new(
        [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
        Convert.FromHexString(
            "01020300041105122131410613516107227114328191A1082342B1C11552D1F02433627282090A161718191A2526272829"
            + "2A3435363738393A434445464748494A535455565758595A636465666768696A737475767778797A838485868788898A92"
            + "939495969798999AA2A3A4A5A6A7A8A9AAB2B3B4B5B6B7B8B9BAC2C3C4C5C6C7C8C9CAD2D3D4D5D6D7D8D9DAE1E2E3E4E5"
            + "E6E7E8E9EAF1F2F3F4F5F6F7F8F9FA"));

    /// <summary>Table K.6.</summary>
    public static JpegCode ColourRest { get; } = new(
        [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        Convert.FromHexString(
            "000102031104052131061241510761711322328108144291A1B1C109233352F0156272D10A162434E125F11718191A2627"
            + "28292A35363738393A434445464748494A535455565758595A636465666768696A737475767778797A8283848586878889"
            + "8A92939495969798999AA2A3A4A5A6A7A8A9AAB2B3B4B5B6B7B8B9BAC2C3C4C5C6C7C8C9CAD2D3D4D5D6D7D8D9DAE2E3E4"
            + "E5E6E7E8E9EAF2F3F4F5F6F7F8F9FA"));

    /// <summary>As a JPEG's header has it: how many codes of each length, and their symbols.</summary>
    public byte[] Table { get; }

    /// <summary>A symbol's code.</summary>
    public (uint Bits, int Length) Of(byte symbol) => _codes[symbol];
}
