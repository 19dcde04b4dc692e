namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The entropy-coded part of a JPEG: bits, the most significant first.</summary>
internal sealed class JpegBits(Stream output)
{
    private uint _held;
    private int _count;

    /// <summary>Writes a symbol's code.</summary>
    public void Write(JpegCode code, byte symbol)
    {
        var (bits, length) = code.Of(symbol);
        Write(bits, length);
    }

    /// <summary>Writes a value in so many bits; negative ones as one less (F.1.2.1.1).</summary>
    public void WriteValue(int value, int length) =>
        Write((uint)(value < 0 ? value - 1 : value) & ((1u << length) - 1), length);

    /// <summary>Fills the last byte with ones.</summary>
    public void End() => Write(0x7F, 7);

    private void Write(uint bits, int length)
    {
        _held = _held << length | bits;
        _count += length;
        for (; _count >= 8; _count -= 8)
        {
            var whole = (byte)(_held >> (_count - 8));
            output.WriteByte(whole);
            // So that it is not taken for a marker.
            if (whole == 0xFF)
                output.WriteByte(0);
        }
        _held &= (1u << _count) - 1;
    }
}
