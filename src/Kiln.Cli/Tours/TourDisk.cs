using System.Text;

namespace Kiln.Cli.Tours;

/// <summary>A small raw disk for the tour: a boot sector, some text, and a lot of nothing.</summary>
internal static class TourDisk
{
    /// <summary>The disk's size: 1 GiB, the smallest volume.</summary>
    private const long Length = 1L << 30;

    /// <summary>Bytes of data on it: enough to see blocks, little enough to be quick.</summary>
    private const int DataBytes = 24 << 20;

    /// <summary>Makes it, as a sparse file.</summary>
    public static void Make(string path)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, Length);
        var sector = new byte[512];
        (sector[510], sector[511]) = (0x55, 0xAA);
        RandomAccess.Write(file, sector, 0);
        var text = new StringBuilder();
        var line = 0;
        for (long at = 1 << 20; at < (1 << 20) + DataBytes;)
        {
            text.Clear();
            while (text.Length < 1 << 16)
                text.Append("/usr/share/doc/package-").Append(line++ % 997).Append("/copyright line ").Append(
                    line).Append('\n');
            var bytes = Encoding.ASCII.GetBytes(text.ToString());
            RandomAccess.Write(file, bytes, at);
            at += bytes.Length;
        }
    }
}
