using System.Diagnostics;
using Kiln.Disks;

namespace Kiln.Tests.Disks;

/// <summary>A small disk with bytes, zeros and holes, in the formats that qemu-img writes.</summary>
internal static class DiskImages
{
    /// <summary>What a disk has in bytes: not a multiple of any format's unit.</summary>
    public const int Length = (5 << 20) + 1536;

    /// <summary>qemu-img's format and options, and what is expected to be read.</summary>
    public static readonly (string Format, string Options, string Reader)[] All =
    [
        ("qcow2", "compat=1.1", "qcow2"),
        ("qcow2", "compat=0.10,cluster_size=512", "qcow2"),
        ("qcow2", "cluster_size=2M", "qcow2"),
        ("-c qcow2", "compression_type=zlib", "qcow2"),
        ("-c qcow2", "compression_type=zstd", "qcow2"),
        ("vmdk", "subformat=monolithicSparse", "vmdk"),
        ("vmdk", "subformat=streamOptimized", "vmdk"),
        ("vpc", "subformat=dynamic,force_size=on", "vhd"),
        ("vpc", "subformat=fixed,force_size=on", "vhd"),
    ];

    /// <summary>Bytes that compress, bytes that do not, and nothing.</summary>
    public static byte[] Content()
    {
        var disk = new byte[Length];
        new Random(7).NextBytes(disk.AsSpan(1000, 700_000));
        disk.AsSpan(2 << 20, 300_000).Fill(0x41);
        new Random(8).NextBytes(disk.AsSpan(Length - 5000, 5000));
        return disk;
    }

    /// <summary>Converts a raw disk.</summary>
    public static string Make(string raw, string folder, string format, string options)
    {
        var name = string.Concat($"{format}-{options}".Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
        var path = Path.Combine(folder, name);
        var arguments = $"convert -f raw -O {format} -o {options} {raw} {path}";
        Run(arguments.Replace("-O -c", "-c -O", StringComparison.Ordinal));
        return path;
    }

    /// <summary>Runs qemu-img, which must succeed.</summary>
    public static void Run(string arguments) => Assert.True(TryRun(arguments), $"qemu-img {arguments}");

    /// <summary>Runs qemu-img; whether it succeeded.</summary>
    public static bool TryRun(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("qemu-img", arguments)
        {
            UseShellExecute = false, RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            TestContext.Current.TestOutputHelper?.WriteLine($"qemu-img {arguments}: {errors}");
        return process.ExitCode == 0;
    }

    /// <summary>All bytes of an image, and that what is outside its runs is zeros.</summary>
    public static byte[] Read(string path, string? format = null)
    {
        using var source = DiskSource.Open(path);
        var reader = Disk.Open(source, format);
        var whole = new byte[Math.Min(reader.Length, 64 << 20)];
        foreach (var (start, end) in reader.Data())
        {
            // A forged size is honest work for nobody: what is beyond the test's disk is only looked at.
            if (start >= whole.Length)
                break;
            reader.Read(start, whole.AsSpan((int)start, (int)(Math.Min(end, whole.Length) - start)));
        }
        return whole;
    }
}
