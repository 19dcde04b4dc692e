namespace Kiln.Blocks.Devices;

/// <summary>A disk as NBD and guests see it. Thread-safe; offsets and lengths are multiples of 512 bytes.</summary>
public interface IDevice
{
    /// <summary>Bytes of the disk.</summary>
    long SizeBytes { get; }

    /// <summary>True when writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>Reads a range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside the disk, or not aligned to 512 bytes.</exception>
    /// <exception cref="BlockCorruptException">The bytes failed a check.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Writes a range; with <paramref name="fua"/> it is durable when this returns.</summary>
    /// <exception cref="StoreFullException">No space; the range may hold old or new bytes, by sector.</exception>
    void Write(long offset, ReadOnlySpan<byte> source, bool fua = false);

    /// <summary>Makes every write that returned before this call durable.</summary>
    void Flush();

    /// <summary>Lets the disk begin with a range that was written and that a flush will soon be asked for.</summary>
    void StartFlush(long offset, long length);

    /// <summary>Gives a range back; it reads as zeros.</summary>
    void Trim(long offset, long length);

    /// <summary>Makes a range read as zeros; with <paramref name="keepSpace"/> so that later writes to it cannot fail
    /// for want of space.</summary>
    void WriteZeroes(long offset, long length, bool fua = false, bool keepSpace = false);

    /// <summary>True when zeros cost less than writing them.</summary>
    bool ZeroesAreFast { get; }

    /// <summary>Brings a range, or the beginning of it, to where the next read of it is quick.</summary>
    void Cache(long offset, long length);

    /// <summary>Where data is: extents that cover a range from its start, at most so many.</summary>
    IReadOnlyList<DeviceExtent> Status(long offset, long length, int extentsMax);

    /// <summary>What was written since the last snapshot: extents that cover a range from its start, at most so many.
    /// Those that were not have <see cref="DeviceExtent.IsZero"/> set.</summary>
    IReadOnlyList<DeviceExtent> Changes(long offset, long length, int extentsMax);

    /// <summary>Finds what holds a whole range by a look at the maps alone.</summary>
    DeviceRange Locate(long offset, int length);
}
