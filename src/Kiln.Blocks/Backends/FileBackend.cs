using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Backends;

/// <summary>A directory of the local file system. Files are 0600, folders 0700.</summary>
public sealed class FileBackend : IBackend
{
    private const int FileMode = 0x180; // 0600
    private const int FolderMode = 0x1C0; // 0700

    /// <summary>What <see cref="TryClaim"/> leaves of a disk, in bytes; of a small one a sixteenth.</summary>
    private const long ReserveBytes = 64L << 20;

    // The disk is asked again after so many bytes; meanwhile others fill it too.
    private const long ClaimStep = 4L << 20;

    private readonly string root;
    private readonly bool readOnly;
    private readonly SafeFileHandle? guard;
    private bool directWorks = true;
    private long claimable;

    /// <summary>Opens a directory, making it unless read-only, and locks it against a second process.</summary>
    /// <exception cref="IOException">Another process has it open.</exception>
    public FileBackend(string directory, bool readOnly = false)
    {
        root = Path.GetFullPath(directory);
        this.readOnly = readOnly;
        if (readOnly) return;
        MakeFolder(root);
        var path = Path.Combine(root, "lock");
        guard = OpenHandle(path, Libc.ReadWrite | Libc.Create);
        if (Libc.Lock(guard, Libc.LockExclusiveNow) == 0) return;
        guard.Dispose();
        throw new IOException($"{root} is in use by another process.");
    }

    /// <summary>The directory.</summary>
    internal string Root => root;

    /// <inheritdoc/>
    public ulong Boot { get; } = BootOf();

    /// <inheritdoc/>
    public bool TryClaim(long bytes)
    {
        if (Interlocked.Add(ref claimable, -bytes) >= 0) return true;
        var disk = new DriveInfo(root);
        var left = disk.AvailableFreeSpace - Math.Min(ReserveBytes, disk.TotalSize / 16) - bytes;

        // Near the end every claim is looked at.
        Volatile.Write(ref claimable, Math.Clamp(left / 16, 0, ClaimStep));
        return left >= 0;
    }

    /// <inheritdoc/>
    public IBackendFile Create(string name, bool direct)
    {
        RefuseReadOnly();
        var path = Locate(name);
        SafeFileHandle file;
        try
        {
            file = OpenHandle(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive);
        }
        catch (FileNotFoundException)
        {
            MakeFolder(Path.GetDirectoryName(path)!);
            file = OpenHandle(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive);
        }

        return new FileBackendFile(path, file, direct ? TryDirect(path) : null, appends: direct);
    }

    /// <inheritdoc/>
    public IBackendFile Open(string name, bool direct = false)
    {
        var path = Locate(name);
        var file = OpenHandle(path, readOnly ? Libc.ReadOnly : Libc.ReadWrite);
        return new FileBackendFile(path, file, direct ? TryDirect(path) : null, appends: direct);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        var path = Locate(folder);
        if (!Directory.Exists(path)) return [];
        return [.. Directory.EnumerateFiles(path).Select(f => Path.GetFileName(f)!)
            .Where(f => !f.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(Locate(name));

    /// <inheritdoc/>
    public void Delete(string name)
    {
        RefuseReadOnly();
        try
        {
            File.Delete(Locate(name));
        }
        catch (DirectoryNotFoundException)
        {
            // No folder, no file: as asked.
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        RefuseReadOnly();
        var target = Locate(to);
        MakeFolder(Path.GetDirectoryName(target)!);
        File.Move(Locate(from), target, overwrite: true);
    }

    /// <inheritdoc/>
    public void WriteAtomic(string name, ReadOnlySpan<byte> bytes)
    {
        RefuseReadOnly();
        var path = Locate(name);
        MakeFolder(Path.GetDirectoryName(path)!);
        var temporary = path + ".tmp";
        try
        {
            File.Delete(temporary);
            using (var file = new FileBackendFile(
                temporary, OpenHandle(temporary, Libc.ReadWrite | Libc.Create | Libc.Exclusive), null))
            {
                file.Write(0, bytes);
                file.Sync();
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncPath(Path.GetDirectoryName(path)!);
    }

    /// <inheritdoc/>
    public void SyncFolder(string folder) => SyncPath(Locate(folder));

    /// <inheritdoc/>
    public void Dispose() => guard?.Dispose();

    // The first refusal (a file system without O_DIRECT) is remembered: it will not change while we run.
    private SafeFileHandle? TryDirect(string path)
    {
        if (!directWorks) return null;
        var descriptor = Libc.Open(
            path, (readOnly ? Libc.ReadOnly : Libc.ReadWrite) | Libc.Direct | Libc.CloseOnExec, 0);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        directWorks = false;
        return null;
    }

    private static SafeFileHandle OpenHandle(string path, int flags)
    {
        var descriptor = Libc.Open(path, flags | Libc.CloseOnExec, FileMode);
        if (descriptor < 0) throw Libc.Error($"Open of {path}", Marshal.GetLastPInvokeError());
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void SyncPath(string path)
    {
        using var folder = OpenHandle(path, Libc.ReadOnly);
        if (Libc.Sync(folder) != 0) throw Libc.LastError($"Sync of {path}");
    }

    // A new folder's own entry must be durable too, or the files in it are not.
    private static void MakeFolder(string path)
    {
        if (Directory.Exists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null) MakeFolder(parent);
        if (Libc.MakeDirectory(path, FolderMode) != 0
            && Marshal.GetLastPInvokeError() is not Libc.AlreadyExists and var errno)
            throw Libc.Error($"Making of {path}", errno);
        if (parent is not null) SyncPath(parent);
    }

    private void RefuseReadOnly()
    {
        if (readOnly) throw new StoreReadOnlyException($"{root} was opened read-only.");
    }

    private string Locate(string name) => Path.Combine(root, name);

    private static ulong BootOf()
    {
        const string Path = "/proc/sys/kernel/random/boot_id";
        if (!File.Exists(Path)) return 1;
        var text = File.ReadAllText(Path).Trim().Replace("-", "", StringComparison.Ordinal);
        return ulong.Parse(text.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture) | 1;
    }
}
