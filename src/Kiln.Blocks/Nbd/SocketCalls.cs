using System.Runtime.InteropServices;

namespace Kiln.Blocks.Nbd;

/// <summary>The socket's system calls as they are: .NET's sockets have neither MSG_DONTWAIT nor a sendfile from a
/// place in an open file, and cost a microsecond a call.</summary>
internal static unsafe partial class SocketCalls
{
    internal const int DontWait = 0x40;
    internal const int NoSignal = 0x4000;
    internal const int Interrupted = 4;
    internal const int WouldBlock = 11;

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Receive(SafeHandle socket, byte* buffer, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Send(SafeHandle socket, byte* buffer, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint SendFile(SafeHandle socket, SafeHandle file, ref long offset, nint count);
}
