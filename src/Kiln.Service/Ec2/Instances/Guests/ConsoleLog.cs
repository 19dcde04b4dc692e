using System.Text;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The file that a machine's serial console goes to, kept short.</summary>
internal static class ConsoleLog
{
    /// <summary>What GetConsoleOutput gives: EC2's 64 KiB.</summary>
    public const int TailBytes = 64 * 1024;

    // Looked at every second; a console writes some MB in that, and QEMU's own limit stands above.
    private const int FileBytesMax = 512 * 1024;

    /// <summary>The end of a machine's console; null where it never had one.</summary>
    public static GuestConsole? Read(GuestFolder folder)
    {
        try
        {
            using var file = Posix.OpenPlain(folder.ConsoleLog);
            return new GuestConsole(Tail(file), File.GetLastWriteTimeUtc(folder.ConsoleLog));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Cuts a file that has grown too long back to its end. QEMU appends, so it goes on behind that.</summary>
    /// <remarks>What is written between the two steps is lost, of half a megabyte that went before it.</remarks>
    public static void Trim(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (file.Length <= FileBytesMax)
                return;
            var tail = Tail(file);
            file.SetLength(0);
            file.Write(tail);
        }
        catch (IOException)
        {
            // Looked at again in a second.
        }
    }

    /// <summary>The last line of a file that says something.</summary>
    public static string LastLine(string path)
    {
        try
        {
            using var file = Posix.OpenPlain(path);
            var line = Encoding.UTF8.GetString(Tail(file)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .LastOrDefault() ?? "it gave no reason";
            return line.Length > 500 ? line[..500] : line;
        }
        catch (IOException)
        {
            return "it gave no reason";
        }
    }

    private static byte[] Tail(FileStream file)
    {
        file.Seek(-Math.Min(file.Length, TailBytes), SeekOrigin.End);
        var tail = new byte[Math.Min(file.Length - file.Position, TailBytes)];
        return tail[..file.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false)];
    }
}
