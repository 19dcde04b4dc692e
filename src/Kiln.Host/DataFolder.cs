namespace Kiln.Host;

/// <summary>The data folder, made private and held by this process alone as long as this object lives.</summary>
/// <remarks>Two services over one folder would share a node's identity, its leases and its volumes.</remarks>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(FileStream held) => _lock = held;

    /// <summary>Makes the folder where needed, and takes its lock; the kernel gives it back when a process
    /// dies.</summary>
    /// <exception cref="IOException">Another process has it, or it cannot be made.</exception>
    public static DataFolder Take(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            return new DataFolder(new FileStream(
                Path.Combine(path, "kiln.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException held) when (held is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new IOException(
                $"{Path.GetFullPath(path)} is in use by another Kiln. Stop it, or give this one a folder of its own "
                + "with --data.", held);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
