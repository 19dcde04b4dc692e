using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Cli.Snapshots;

/// <summary>The system calls that .NET has no name for: where the data of a sparse file is, and files past the page
/// cache.</summary>
internal static partial class Libc
{
    private const int SeekData = 3, SeekHole = 4, NoSuchAddress = 6, WriteOnly = 1, CloseOnExec = 0x80000, KeepSize = 1;

    /// <summary>The next run of data at or after an offset; null when there is only a hole up to the end.</summary>
    /// <param name="file">The file.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="length">The file's length.</param>
    public static (long Start, long End)? NextData(SafeFileHandle file, long from, long length)
    {
        var start = Seek(file, from, SeekData);
        if (start < 0)
        {
            // A file system that does not know holes: all of it is data.
            return Marshal.GetLastPInvokeError() == NoSuchAddress ? null : (from, length);
        }
        var end = Seek(file, start, SeekHole);
        return (start, end < 0 ? length : Math.Min(end, length));
    }

    /// <summary>The error of a write that is not aligned as the file system wants it.</summary>
    public const int InvalidArgument = 22;

    /// <summary>Opens a file for writing past the page cache; null where its file system cannot.</summary>
    public static SafeFileHandle? OpenDirect(string path)
    {
        var direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;
        var descriptor = Open(path, WriteOnly | CloseOnExec | direct, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Gives a range its space, and the file keeps its length.</summary>
    /// <returns>False where the file system cannot, or has no space.</returns>
    public static bool Allocate(SafeFileHandle file, long offset, long length) =>
        Allocate(file, KeepSize, offset, length) == 0;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
