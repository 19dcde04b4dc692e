using System.Runtime.InteropServices;

namespace Kiln.Tests.Fixtures;

/// <summary>A real file system of a few MiB, mounted on a folder: what a full disk is like. Needs root.</summary>
public sealed partial class SmallDisk : IDisposable
{
    private readonly string _ballast;
    private readonly string _folder;

    /// <summary>Mounts it, or skips the test where that is not allowed.</summary>
    public SmallDisk(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        if (Mount("tmpfs", folder, "tmpfs", 0, $"size={megabytes}m,mode=700") != 0)
            Assert.Skip("Mounting a file system needs root.");
        _folder = folder;
        _ballast = Path.Combine(folder, "ballast");
    }

    /// <summary>Bytes that can still be written.</summary>
    public long Free => new DriveInfo(_folder).AvailableFreeSpace;

    /// <summary>Fills it but for so many bytes.</summary>
    public void FillBut(long left)
    {
        using var file = File.OpenHandle(_ballast, FileMode.OpenOrCreate, FileAccess.Write);
        var chunk = new byte[64 << 10];
        for (var at = RandomAccess.GetLength(file); Free > left; at += chunk.Length)
            RandomAccess.Write(file, chunk.AsSpan(0, (int)Math.Min(chunk.Length, Free - left)), at);
    }

    /// <summary>Makes room again.</summary>
    public void Clear() => File.Delete(_ballast);

    /// <inheritdoc/>
    public void Dispose()
    {
        const int Detach = 2;
        _ = Unmount(_folder, Detach);
    }

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string kind, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
