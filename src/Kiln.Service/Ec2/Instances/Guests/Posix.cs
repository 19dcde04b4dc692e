using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The few calls of the C library that running machines needs.</summary>
internal static partial class Posix
{
    /// <summary>The effective user of this process.</summary>
    public static uint UserId { get; } = GetEuid();

    /// <summary>The owner of a file or folder; a link counts as its own owner's, and is refused by that.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static uint OwnerOf(string path)
    {
        // struct statx is 256 bytes; stx_uid is the uint at offset 20 on every architecture.
        Span<byte> answer = stackalloc byte[256];
        if (Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxUid, ref MemoryMarshal.GetReference(answer)) != 0)
            throw Failed(path);
        return MemoryMarshal.Read<uint>(answer[20..]);
    }

    /// <summary>Makes a user, and their group of the same number, the owner.</summary>
    /// <exception cref="IOException">This process may not.</exception>
    public static void GiveTo(string path, uint user)
    {
        if (LChown(path, user, user) != 0)
            throw Failed(path);
    }

    /// <summary>Ends a process at once; nothing happens where there is none.</summary>
    public static void Kill(int process) => _ = KillCall(process, SigKill);

    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxUid = 0x8;
    private const int SigKill = 9;

    private static IOException Failed(string path) =>
        new($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEuid();

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte answer);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int KillCall(int process, int signal);
}
