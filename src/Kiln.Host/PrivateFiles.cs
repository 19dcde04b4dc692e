using System.Runtime.InteropServices;

namespace Kiln.Host;

/// <summary>The mode of the files that this process makes.</summary>
internal static partial class PrivateFiles
{
    /// <summary>From now on nobody but the owner can read or write a file or folder made here: umask(2) of
    /// 0077.</summary>
    public static void Enforce() => _ = Umask(0x3F);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);
}
