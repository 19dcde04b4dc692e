using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A picture of a machine's screen.</summary>
internal static class Screen
{
    // For one's turn, and for the picture: a machine that hangs keeps nobody longer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // 4096 by 2160 pixels of three bytes and a header.
    private const int BytesMax = 4096 * 2160 * 3 + 64;

    /// <summary>Takes one, as JPEG.</summary>
    /// <exception cref="IOException">There is no picture to be had.</exception>
    public static async Task<byte[]> Take(QemuMachine machine, CancellationToken cancel)
    {
        if (!await machine.Turn.WaitAsync(Limit, cancel))
            throw new IOException("something else is being done to it.");
        try
        {
            await machine.Qmp.Execute(
                "screendump", new JsonObject { ["filename"] = machine.Folder.Screenshot }, cancel, Limit);
            using var file = Posix.OpenPlain(machine.Folder.Screenshot);
            if (file.Length > BytesMax)
                throw new IOException("The picture is too large.");
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return Jpeg.Encode(PixelMap.Parse(bytes));
        }
        finally
        {
            machine.Turn.Release();
        }
    }
}
