using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The few calls of the C library that running machines needs.</summary>
internal static partial class Posix
{
    /// <summary>The effective user of this process.</summary>
    public static uint UserId { get; } = GetEuid();

    /// <summary>The owner of a file or folder; a link counts as its own owner's, and is refused by that.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static uint OwnerOf(string path) => Look(path, 20) ?? throw Failed(path);

    /// <summary>The group of a file; null where there is none.</summary>
    public static uint? GroupOf(string path) => Look(path, 24);

    // struct statx is 256 bytes; stx_uid and stx_gid are the uints at 20 and 24 on every architecture.
    private static uint? Look(string path, int at)
    {
        Span<byte> answer = stackalloc byte[256];
        return Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxOwner, ref MemoryMarshal.GetReference(answer)) == 0
            ? MemoryMarshal.Read<uint>(answer[at..]) : null;
    }

    /// <summary>Makes a user, and their group of the same number, the owner.</summary>
    /// <exception cref="IOException">This process may not.</exception>
    public static void GiveTo(string path, uint user)
    {
        if (LChown(path, user, user) != 0)
            throw Failed(path);
    }

    /// <summary>The user at the other end of a unix socket, as it was when that began to listen.</summary>
    public static uint PeerOf(Socket socket)
    {
        // struct ucred: process, user, group.
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SolSocket, SoPeerCredentials, credentials);
        return MemoryMarshal.Read<uint>(credentials[4..]);
    }

    /// <summary>Opens a file for reading that is a plain file and no link to one.</summary>
    /// <exception cref="IOException">It is not, or cannot be opened.</exception>
    public static FileStream OpenPlain(string path)
    {
        // Non-blocking, so that a pipe in its place keeps nobody waiting.
        var handle = Open(path, OReadOnly | ONoFollow | ONonBlock | OCloseOnExec);
        if (handle.IsInvalid)
            throw Failed(path);
        try
        {
            return new FileStream(handle, FileAccess.Read) is { CanSeek: true } file ? file
                : throw new IOException($"{path} is no plain file.");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Ends a process at once; nothing happens where there is none.</summary>
    public static void Kill(int process) => _ = KillCall(process, SigKill);

    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxOwner = 0x18;
    private const int SigKill = 9;
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;
    private const int OReadOnly = 0;
    private const int ONonBlock = 0x800;
    private const int OCloseOnExec = 0x80000;

    // The one flag of these whose value the processors do not agree about.
    private static readonly int ONoFollow =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    private static IOException Failed(string path) =>
        new($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEuid();

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte answer);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int KillCall(int process, int signal);
}
