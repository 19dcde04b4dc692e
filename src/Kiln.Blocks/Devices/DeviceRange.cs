using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Devices;

/// <summary>What holds a whole range: nothing, so that it is zeros; or one file, as plain bytes; or neither is
/// known, and it has to be read.</summary>
/// <param name="IsZero">It reads as zeros.</param>
/// <param name="File">The open file that holds it; it may be closed at any time, which a call on it will say.</param>
/// <param name="FileOffset">Where it begins in the file.</param>
public readonly record struct DeviceRange(bool IsZero, SafeFileHandle? File = null, long FileOffset = 0)
{
    /// <summary>Shorter ranges are never given as a file: to copy them is quicker than to refer to them.</summary>
    public const int ReferenceBytesMin = 64 << 10;
}
