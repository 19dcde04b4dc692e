namespace Kiln.Disks;

/// <summary>A disk inside an image file, whatever its format. Safe for concurrent reads.</summary>
/// <remarks>
/// An image file is a stranger's: no number in it is believed before it is checked against the file's length, and no
/// other file is ever opened. What a reader keeps in memory is bounded by <see cref="TableBytesMax"/>.
/// </remarks>
public abstract class DiskReader
{
    // The table that was read last: neighbours share one, and a disk is walked from its start to its end.
    private volatile CachedTable _table = new(-1, []);

    /// <summary>The largest disk: EBS's largest volume of most types, 16 TiB.</summary>
    public const long LengthMax = 16L << 40;

    /// <summary>The most that a format's first table may take in memory: what qemu allows.</summary>
    public const int TableBytesMax = 32 << 20;

    /// <summary>Makes a reader over a file.</summary>
    protected DiskReader(DiskSource source, string format, long length)
    {
        if (length > LengthMax)
        {
            throw new DiskFormatException(
                $"The disk would have {length >> 30} GiB: larger than a volume's {LengthMax >> 30} GiB.");
        }
        if (length <= 0)
            throw new DiskFormatException("The disk has no size.");
        Source = source;
        Format = format;
        Length = length;
    }

    /// <summary>The format, e.g. <c>qcow2</c>.</summary>
    public string Format { get; }

    /// <summary>Bytes of the disk.</summary>
    public long Length { get; }

    /// <summary>The file.</summary>
    protected DiskSource Source { get; }

    /// <summary>Bytes of the format's unit; a read never needs more than the units it touches.</summary>
    protected abstract int UnitBytes { get; }

    /// <summary>Reads a part of one unit.</summary>
    /// <returns>False when it is all zeros and nothing was written to the span.</returns>
    protected abstract bool ReadUnit(long unit, int at, Span<byte> bytes);

    /// <summary>Whether a unit has bytes of its own, and how many bytes of the file they take at least.</summary>
    protected abstract long StoredBytes(long unit);

    /// <summary>The first unit from this one on that may have bytes: skips what a whole table leaves out.</summary>
    protected virtual long NextUnit(long unit) => unit;

    /// <summary>Reads bytes of the disk; those that the file does not have are zeros.</summary>
    /// <exception cref="DiskFormatException">The file is damaged there.</exception>
    public void Read(long at, Span<byte> bytes)
    {
        if (at < 0 || bytes.Length > Length - at)
            throw new ArgumentOutOfRangeException(nameof(at));
        while (bytes.Length > 0)
        {
            var within = (int)(at % UnitBytes);
            var some = bytes[..Math.Min(bytes.Length, UnitBytes - within)];
            if (!ReadUnit(at / UnitBytes, within, some))
                some.Clear();
            bytes = bytes[some.Length..];
            at += some.Length;
        }
    }

    /// <summary>Runs of the disk that may hold something else than zeros, in ascending order.</summary>
    /// <exception cref="DiskFormatException">The file is damaged, or its tables say that it holds more than it can:
    /// the same bytes over and over.</exception>
    public IEnumerable<(long Start, long End)> Data()
    {
        var units = (Length + UnitBytes - 1) / UnitBytes;
        var stored = 0L;
        for (var unit = NextUnit(0); unit < units; unit = NextUnit(unit + 1))
        {
            var bytes = StoredBytes(unit);
            if (bytes == 0)
                continue;
            stored += bytes;
            // A unit of slack, because the last one counts whole, though the file may end within it.
            if (stored > Source.Length + UnitBytes)
            {
                throw new DiskFormatException(
                    "The image's tables point at the same bytes over and over: it is damaged or forged.");
            }
            yield return (unit * UnitBytes, Math.Min(Length, (unit + 1) * UnitBytes));
        }
    }

    /// <summary>Reads a table of the format, or has it at hand.</summary>
    /// <exception cref="DiskFormatException">The file ends before it does.</exception>
    protected byte[] Table(long at, int bytes)
    {
        var table = _table;
        if (table.At == at)
            return table.Bytes;
        var read = new byte[bytes];
        Source.Read(at, read);
        _table = new CachedTable(at, read);
        return read;
    }

    /// <summary>Refuses tables that lie over each other: a small file could make a walk as long as it likes.</summary>
    /// <param name="places">Where each table begins, in any unit; 0 for none.</param>
    /// <param name="least">The size of a table in that unit.</param>
    /// <exception cref="DiskFormatException">Two do.</exception>
    protected static void CheckApart(IEnumerable<long> places, long least)
    {
        var before = -least;
        foreach (var place in places.Where(p => p != 0).Order())
        {
            if (place - before < least)
            {
                throw new DiskFormatException(
                    "The image's tables lie over each other: it is damaged or forged.");
            }
            before = place;
        }
    }

    /// <summary>Whether a number is a power of two within bounds.</summary>
    protected static bool IsPowerOfTwo(long number, long least, long most) =>
        number >= least && number <= most && (number & (number - 1)) == 0;

    private sealed record CachedTable(long At, byte[] Bytes);
}
