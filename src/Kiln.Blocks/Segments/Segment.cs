using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Segments;

/// <summary>One segment file of the store: open for reading, and for appending while it has an appender.</summary>
/// <remarks>
/// Its uses are counted: the store's own ends with <see cref="Dispose"/>, a reader's with that of what <see
/// cref="Use"/> gave it, and with the last one the file is closed. So nobody who reads meets a closed file, whatever
/// is collected meanwhile.
/// </remarks>
internal sealed class Segment(uint id, ulong seed, bool dense, IBackendFile file) : IDisposable
{
    private Appender? appender;
    private long written = long.MaxValue;
    private int uses = 1;

    internal uint Id => id;

    internal ulong Seed => seed;

    /// <summary>For whoever uses the segment, and the one who made it.</summary>
    internal IBackendFile File => file;

    /// <summary>True when all its records are as small as they get: recompression passes it by.</summary>
    internal bool IsDense => dense;

    /// <summary>Who appends, or null when sealed.</summary>
    internal Appender? Appender
    {
        get => Volatile.Read(ref appender);
        set => Volatile.Write(ref appender, value);
    }

    /// <summary>Bytes that a reader can get from the file; what lies beyond is in the appender's buffer.</summary>
    internal long Written
    {
        get => Volatile.Read(ref written);
        set => Volatile.Write(ref written, value);
    }

    internal bool Sealed => Appender is null;

    /// <summary>Keeps the file open until what is returned is disposed; null when the segment is gone.</summary>
    internal Reader? Use()
    {
        var seen = Volatile.Read(ref uses);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref uses, seen + 1, seen);
            if (before == seen) return new Reader(this);
            seen = before;
        }

        return null;
    }

    /// <summary>What its footer lists; null when that cannot be read, which belongs to a scrub. For whoever uses it.
    /// </summary>
    internal List<SegmentEntry>? Footer()
    {
        var entries = new List<SegmentEntry>();
        try
        {
            return Recovery.TryReadFooter(file, seed, entries) ? entries : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Ends the store's own use.</summary>
    public void Dispose() => Leave();

    private void Leave()
    {
        if (Interlocked.Decrement(ref uses) == 0) file.Dispose();
    }

    /// <summary>One use of a segment.</summary>
    internal readonly struct Reader(Segment segment) : IDisposable
    {
        internal Segment Segment => segment;

        public void Dispose() => segment.Leave();
    }
}
