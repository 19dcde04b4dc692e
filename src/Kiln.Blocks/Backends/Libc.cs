using System.Runtime.InteropServices;

namespace Kiln.Blocks.Backends;

/// <summary>The system calls .NET has no option for: O_DIRECT, fdatasync, holes, early writeback.</summary>
internal static unsafe partial class Libc
{
    internal const int ReadOnly = 0;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int CloseOnExec = 0x80000;
    internal const int NoSpace = 28;
    internal const int ReadOnlyFileSystem = 30;
    internal const int QuotaExceeded = 122;
    internal const int InvalidArgument = 22;
    internal const int Interrupted = 4;
    internal const int NotFound = 2;
    internal const int NoSuchRange = 6;
    internal const int KeepSize = 1;
    internal const int Punch = 2;
    internal const int ZeroRange = 16;
    internal const int SeekData = 3;
    internal const int SeekHole = 4;
    internal const uint StartWriteback = 2;
    internal const int AlreadyExists = 17;
    internal const int NotPermitted = 1;
    internal const int OtherFileSystem = 18;
    internal const int TooManyLinks = 31;
    internal const int LockExclusiveNow = 6; // LOCK_EX | LOCK_NB

    /// <summary>PRIO_PROCESS, which on Linux means the calling thread when it is given no number.</summary>
    internal const int PriorityOfThread = 0;

    /// <summary>The number of ioprio_set, which libc does not wrap; null where it is not known.</summary>
    internal static readonly nint? SetIoPriorityCall = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 251,
        Architecture.Arm64 => 30,
        _ => null,
    };

    /// <summary>O_DIRECT differs by architecture.</summary>
    internal static readonly int Direct =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Read(SafeHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Write(SafeHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int SyncData(SafeHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Sync(SafeHandle file);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Truncate(SafeHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Allocate(SafeHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int SyncRange(SafeHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial long Seek(SafeHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int MakeDirectory(string path, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Lock(SafeHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockTime(int clock, long* secondsAndNanoseconds);

    /// <summary>Processor time that the calling thread has had.</summary>
    internal static TimeSpan ThreadTime()
    {
        const int ThisThread = 3; // CLOCK_THREAD_CPUTIME_ID
        var time = stackalloc long[2];
        return ClockTime(ThisThread, time) == 0
            ? TimeSpan.FromSeconds(time[0]) + TimeSpan.FromMicroseconds(time[1] / 1000.0) : TimeSpan.Zero;
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Link(string existing, string path);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int SetPriority(int which, int who, int nice);

    [LibraryImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Syscall(nint number, nint first, nint second, nint third);

    /// <summary>The exception that says what the errno means to a store.</summary>
    internal static Exception Error(string what, int errno)
    {
        var text = $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return errno switch
        {
            NoSpace or QuotaExceeded => new StoreFullException(text),
            ReadOnlyFileSystem => new StoreReadOnlyException(text),
            NotFound => new FileNotFoundException(text),
            _ => new IOException(text, errno),
        };
    }

    internal static Exception LastError(string what) => Error(what, Marshal.GetLastPInvokeError());
}
