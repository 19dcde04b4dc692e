using System.Runtime.InteropServices;

namespace Kiln.Blocks.Segments;

/// <summary>Appends records to a segment of its own, through one aligned buffer. Format:
/// docs/formats/segment.md.</summary>
/// <remarks>
/// Rules: a record is in the index before it is on disk, so readers ask <see cref="TryCopy"/> first; a failed write
/// keeps the buffer, so that nothing is lost when the disk was full; whoever holds <see cref="Gate"/> may append.
/// </remarks>
internal sealed unsafe class Appender : IDisposable
{
    // Large enough that a write is dominated by the disk, small enough that four of them are cheap.
    private const int BufferSize = 2 << 20;

    private readonly SegmentSet segments;
    private readonly long segmentBytes;
    private byte* buffer;
    private readonly List<SegmentEntry> entries = [];
    private readonly Lock syncGate = new();
    private readonly Lock fileGate = new();
    private Segment? segment;
    private long fileEnd;
    private int used;
    private long synced;
    private bool disposed;

    internal Appender(SegmentSet segments, long segmentBytes, bool dense)
    {
        this.segments = segments;
        this.segmentBytes = segmentBytes;
        IsDense = dense;
    }

    /// <summary>True for the one that takes dense records, and no others.</summary>
    internal bool IsDense { get; }

    /// <summary>Bytes in its open segment, or 0 when it has none.</summary>
    internal long OpenBytes => segment is null ? 0 : Volatile.Read(ref fileEnd) + used;

    internal Lock Gate { get; } = new();

    /// <summary>The segment that is being written and what is in it so far; null when there is none.</summary>
    internal (Segment Segment, List<SegmentEntry> Entries)? Open()
    {
        lock (Gate) return segment is null ? null : (segment, [.. entries]);
    }

    /// <summary>Appends a packed record. The caller holds <see cref="Gate"/>.</summary>
    /// <exception cref="ObjectDisposedException">The store was closed meanwhile.</exception>
    internal BlockLocation Append(ReadOnlySpan<byte> record)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var length = (record.Length + RecordHeader.Alignment - 1) & -RecordHeader.Alignment;
        if (segment is not null && fileEnd + used + length > segmentBytes) Seal();
        if (segment is null) Begin();
        if (used + length > BufferSize) WriteOut();
        var target = new Span<byte>(buffer + used, length);
        record.CopyTo(target);
        target[record.Length..].Clear();
        var header = new RecordHeader(target);
        var position = fileEnd + used;
        header.Seal(position, segment!.Seed);
        entries.Add(new SegmentEntry(header.Address, (uint)position, header.StoredLength));
        used += length;
        return new BlockLocation(segment.Id, (uint)position, header.StoredLength);
    }

    /// <summary>Copies bytes that are in the buffer; false when they were handed on. Takes the gate itself.</summary>
    internal bool TryCopy(Segment from, uint offset, Span<byte> destination)
    {
        lock (Gate)
        {
            if (segment != from || offset < fileEnd) return false;
            new ReadOnlySpan<byte>(buffer + (offset - fileEnd), destination.Length).CopyTo(destination);
            return true;
        }
    }

    /// <summary>Hands everything buffered to the operating system. The caller holds <see cref="Gate"/>.</summary>
    internal void WriteOut()
    {
        if (segment is null || used == 0) return;
        var padded = (used + SegmentFormat.Page - 1) & -SegmentFormat.Page;
        new Span<byte>(buffer + used, padded - used).Clear();
        segment.File.Write(fileEnd, new ReadOnlySpan<byte>(buffer, padded));
        fileEnd += padded;
        used = 0;
        segment.Written = fileEnd;
    }

    /// <summary>Makes everything appended before this call durable. Takes the gate itself.</summary>
    internal void Sync()
    {
        // One sync at a time: who comes second waits for the first, and mostly finds nothing left to do.
        lock (syncGate)
        {
            Segment current;
            long target;
            lock (Gate)
            {
                WriteOut();
                if (segment is null || synced >= fileEnd) return;
                (current, target) = (segment, fileEnd);
            }

            // Outside the gate: others may append meanwhile, and their own sync will cover them.
            try
            {
                SyncFile(current);
            }
            catch (ObjectDisposedException) when (current.Sealed)
            {
                // Sealed meanwhile, so durable, and then recompressed and thrown away.
                return;
            }

            lock (Gate)
            {
                if (segment == current) synced = Math.Max(synced, target);
            }
        }
    }

    /// <summary>Writes the footer, syncs, and lets go of the segment. The caller holds <see cref="Gate"/>.</summary>
    internal void Seal()
    {
        if (segment is null) return;
        WriteOut();

        // The records first: who finds a footer takes them for durable, also when the process died right behind it.
        SyncFile(segment);
        segment.File.Write(fileEnd, SegmentFormat.Footer(entries, fileEnd, segment.Seed));
        SyncFile(segment);
        segment.Appender = null;
        segment.Written = long.MaxValue;
        entries.Clear();
        segment = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Who still puts into a store that is closed meets an exception, not freed memory.
        lock (Gate)
        {
            disposed = true;
            segment = null;
            NativeMemory.AlignedFree(buffer);
            buffer = null;
        }
    }

    private void Begin()
    {
        // A store that is only read needs no buffer.
        if (buffer is null) buffer = (byte*)NativeMemory.AlignedAlloc(BufferSize, SegmentFormat.Page);
        var (created, end) = segments.Create(this);
        fileEnd = end;
        used = 0;
        entries.Clear();
        created.Written = end;
        synced = 0;
        segment = created;
    }

    // The kernel reports a failure once: who syncs beside or after the one that was told must not take it for success.
    private void SyncFile(Segment target)
    {
        lock (fileGate)
        {
            segments.RefusePoisoned();
            try
            {
                target.File.Sync();
            }
            catch (IOException e)
            {
                segments.Poison(e);
                throw;
            }
        }
    }
}
