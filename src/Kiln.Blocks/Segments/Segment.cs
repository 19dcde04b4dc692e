using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Segments;

/// <summary>One segment file of the store: open for reading, and for appending while it has an appender.</summary>
internal sealed class Segment(uint id, ulong seed, bool dense, IBackendFile file) : IDisposable
{
    private Appender? appender;
    private long written = long.MaxValue;

    internal uint Id => id;

    internal ulong Seed => seed;

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

    public void Dispose() => file.Dispose();
}
