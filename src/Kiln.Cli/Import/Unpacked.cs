using System.Diagnostics;
using Kiln.Cli.Output;
using Kiln.Disks;

namespace Kiln.Cli.Import;

/// <summary>Decompresses a file that is compressed as a whole, by the host's programs: they tell a file that is cut off
/// from one that ends.</summary>
internal static class Unpacked
{
    // What a file may make them keep in memory is bounded: zstd's own bound is 128 MiB, xz has none.
    private static readonly (byte[] Magic, string Program, string[] Arguments)[] Kinds =
    [
        ([0x1f, 0x8b, 8], "gzip", ["-dc"]),
        ([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz", ["-dc", "--memlimit-decompress=512MiB"]),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd", ["-dc"]),
    ];

    /// <summary>The program of a compressed file; null where it is not compressed.</summary>
    public static string? ProgramFor(string path)
    {
        var start = new byte[6];
        using var file = File.OpenRead(path);
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return Kinds.FirstOrDefault(k => start.AsSpan(0, read).StartsWith(k.Magic)).Program;
    }

    /// <summary>Decompresses into a file; holes stay holes. A bomb ends at the largest disk's size.</summary>
    /// <exception cref="CliException">It is damaged, too large, or the program is missing.</exception>
    public static async Task Unpack(
        string path, string program, string target, Screen screen, CancellationToken cancel)
    {
        screen.Say($"Decompressing {Path.GetFileName(path)}");
        await using var file = File.OpenRead(path);
        await Run(program, file, target, cancel);
    }

    private static async Task Run(string program, FileStream file, string target, CancellationToken cancel)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, Kinds.Single(k => k.Program == program).Arguments)
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CliException($"The file is compressed with {program}, which is missing here: install "
                + $"{(program == "xz" ? "xz-utils" : program)}, or decompress it first.");
        }
        using (process)
        {
            try
            {
                var feed = Feed(file, process, cancel);
                var errors = process.StandardError.ReadToEndAsync(cancel);
                await Copy(process.StandardOutput.BaseStream, target, cancel);
                await feed;
                await process.WaitForExitAsync(cancel);
                if (process.ExitCode != 0)
                    throw new CliException($"The compressed file is damaged: {(await errors).Trim()}");
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill();
            }
        }
    }

    private static async Task Feed(FileStream file, Process process, CancellationToken cancel)
    {
        try
        {
            await file.CopyToAsync(process.StandardInput.BaseStream, cancel);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has had enough: its exit code says whether that is right.
        }
    }

    private static async Task Copy(Stream from, string target, CancellationToken cancel)
    {
        await using var to = File.Create(target);
        var buffer = new byte[1 << 20];
        var length = 0L;
        for (int read; (read = await from.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, cancel)) > 0;)
        {
            length += read;
            if (length > DiskReader.LengthMax)
                throw new CliException($"The disk is larger than {DiskReader.LengthMax >> 40} TiB.");
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
                await to.WriteAsync(buffer.AsMemory(0, read), cancel);
            else
                to.Position += read;
        }
        to.SetLength(length);
    }
}
