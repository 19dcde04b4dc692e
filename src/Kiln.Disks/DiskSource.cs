using Microsoft.Win32.SafeHandles;

namespace Kiln.Disks;

/// <summary>The bytes of one file, or of a part of it; a reader sees nothing else.</summary>
/// <remarks>Safe for concurrent reads.</remarks>
public sealed class DiskSource : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly long _start;
    private readonly bool _owns;

    private DiskSource(SafeFileHandle file, long start, long length, bool owns) =>
        (_file, _start, Length, _owns) = (file, start, length, owns);

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DiskSource Open(string path)
    {
        var file = File.OpenHandle(path);
        return new DiskSource(file, 0, RandomAccess.GetLength(file), owns: true);
    }

    /// <summary>A part of it, which does not outlive it.</summary>
    /// <exception cref="DiskFormatException">The part does not lie within.</exception>
    public DiskSource Part(long start, long length) => start >= 0 && length >= 0 && start <= Length - length
        ? new DiskSource(_file, _start + start, length, owns: false)
        : throw new DiskFormatException("The image's parts do not lie within the file: it is cut off or damaged.");

    /// <summary>Reads bytes that must be there.</summary>
    /// <exception cref="DiskFormatException">The file ends before.</exception>
    public void Read(long at, Span<byte> bytes)
    {
        if (at < 0 || at > Length - bytes.Length)
            throw new DiskFormatException("The image points beyond the end of the file: it is cut off or damaged.");
        for (var read = 0; read < bytes.Length;)
        {
            var some = RandomAccess.Read(_file, bytes[read..], _start + at + read);
            if (some == 0)
                throw new DiskFormatException("The file became shorter while it was read.");
            read += some;
        }
    }

    /// <summary>Reads what is there; what follows the file's end is zeros. The first byte must be there.</summary>
    /// <exception cref="DiskFormatException">The file ends before.</exception>
    public void ReadPadded(long at, Span<byte> bytes)
    {
        var there = (int)Math.Clamp(Length - at, 0, bytes.Length);
        if (there == 0 && bytes.Length > 0)
            throw new DiskFormatException("The image points beyond the end of the file: it is cut off or damaged.");
        Read(at, bytes[..there]);
        bytes[there..].Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
            _file.Dispose();
    }
}
