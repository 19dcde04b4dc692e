using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Backends;

/// <summary>One open file of a backend. Thread-safe; positions are explicit.</summary>
public interface IBackendFile : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long Length { get; }

    /// <summary>Reads up to the span's length; fewer only at the end of the file.</summary>
    int Read(long offset, Span<byte> destination);

    /// <summary>
    /// Reads what is not worth a place in the page cache. The bytes are a part of the scratch memory, fewer than asked
    /// only at the end of the file.
    /// </summary>
    /// <param name="offset">Where.</param>
    /// <param name="length">How many.</param>
    /// <param name="scratch">Memory that begins at a page and has two pages more than the length.</param>
    Span<byte> ReadLarge(long offset, int length, Span<byte> scratch);

    /// <summary>Writes all.</summary>
    /// <exception cref="StoreFullException">No space; what was there is unchanged outside the range.</exception>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Makes everything written before this call durable.</summary>
    void Sync();

    /// <summary>Lets the disk begin with a range that a sync will soon wait for.</summary>
    void StartSync(long offset, long length)
    {
        // A hint.
    }

    /// <summary>Cuts or extends (with zeros) to a length.</summary>
    void SetLength(long length);

    /// <summary>Makes a range read as zeros and gives its space back where the file system can.</summary>
    void PunchHole(long offset, long length);

    /// <summary>Makes a range read as zeros and keeps, or takes, its space.</summary>
    /// <exception cref="StoreFullException">No space.</exception>
    void Zero(long offset, long length) => PunchHole(offset, length);

    /// <summary>True when <see cref="PunchHole"/> costs less than writing zeros.</summary>
    bool HasHoles => true;

    /// <summary>The open file whose plain bytes from <paramref name="at"/> on are those of a range; null when there is
    /// none.</summary>
    SafeFileHandle? HandleAt(long offset, int length, out long at)
    {
        at = 0;
        return null;
    }

    /// <summary>First offset at or after <paramref name="offset"/> with (data) or without (hole) bytes kept.</summary>
    long Seek(long offset, bool data);
}
