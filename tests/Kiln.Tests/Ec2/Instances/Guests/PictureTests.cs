using System.Text;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Tests.Ec2.Instances.Guests;

public sealed class PictureTests
{
    [Fact]
    public void A_picture_becomes_a_baseline_jpeg_of_its_size()
    {
        var pixels = new byte[30 * 20 * 3];
        new Random(3).NextBytes(pixels);
        var jpeg = Jpeg.Encode(PixelMap.Parse((byte[])[.. "P6\n30 20\n255\n"u8, .. pixels]));

        Assert.Equal([0xFF, 0xD8, 0xFF, 0xE0], jpeg[..4]);
        Assert.Equal([0xFF, 0xD9], jpeg[^2..]);
        // SOF0: baseline, 8 bits, height, width, three components at full resolution.
        var frame = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xC0, 0, 17, 8]);
        Assert.Equal([0, 20, 0, 30, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1], jpeg[(frame + 5)..(frame + 19)]);
        // After the header every 0xFF but the last is stuffed.
        var scan = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xDA]) + 14;
        for (var i = scan; i < jpeg.Length - 2; i++)
            Assert.True(jpeg[i] != 0xFF || jpeg[i + 1] == 0);
    }

    [Theory]
    [InlineData("P5\n1 1\n255\nabc"), InlineData("P6\n1 1\n255\nab"), InlineData("P6\n0 1\n255\n"), InlineData("P6")]
    [InlineData("P6\n99999 99999\n255\nabc"), InlineData("P6\n-1 1\n255\nabc"), InlineData("P6\n1 1\n65535\nabcdef")]
    [InlineData("")]
    public void What_is_no_picture_is_refused(string text) =>
        Assert.Throws<IOException>(() => PixelMap.Parse(Encoding.ASCII.GetBytes(text)));
}
