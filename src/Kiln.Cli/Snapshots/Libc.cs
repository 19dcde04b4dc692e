using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Cli.Snapshots;

/// <summary>The system call that .NET has no name for: where the data of a sparse file is.</summary>
internal static partial class Libc
{
    private const int SeekData = 3, SeekHole = 4, NoSuchAddress = 6;

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

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
