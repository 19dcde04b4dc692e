using System.Runtime.InteropServices;

namespace Kiln.Blocks.Segments;

/// <summary>Appends records to a segment of its own, through one aligned buffer. Format:
/// docs/formats/segment.md.</summary>
/// <remarks>
/// Rules: a record is in the index before it is on disk, so readers ask <see cref="TryCopy"/> first; a full disk
/// keeps the buffer, so that nothing is lost; whoever holds <see cref="Gate"/> may append.
/// <para>A write or sync that fails otherwise is the last: the kernel may have dropped what it could not write, and
/// says so once. From then on the appender refuses, and only holds what it has until the store has brought it to
/// another (docs/life-of-a-block.md, "When a sync fails").</para>
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
    private volatile Exception? failure;
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

    /// <summary>True once a write or sync failed for another reason than want of space.</summary>
    internal bool HasFailed => failure is not null;

    internal Lock Gate { get; } = new();

    /// <summary>The segment that is being written and what is in it so far; null when there is none.</summary>
    internal (Segment Segment, List<SegmentEntry> Entries)? Open()
    {
        lock (Gate) return segment is null ? null : (segment, [.. entries]);
    }

    /// <summary>Appends a packed record of which the index shall not know yet. The caller holds <see cref="Gate"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store was closed meanwhile.</exception>
    /// <exception cref="StoreReadOnlyException">It has failed, now or before.</exception>
    internal BlockLocation Append(ReadOnlySpan<byte> record)
    {
        RefuseFailed();
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

    /// <summary>Appends a packed record and gives its address that place. The caller holds <see cref="Gate"/>.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="from">Where it was copied from, and the address must still point to; null for a new one.</param>
    /// <returns>False when the address has another place.</returns>
    /// <remarks>Under one hold of the gate: whoever seals the segment, collects it, or salvages what is in it, finds
    /// each of its records in the index or knows that nobody looks for it there.</remarks>
    internal bool Put(ReadOnlySpan<byte> record, BlockLocation? from)
    {
        var location = Append(record);
        var address = entries[^1].Address;
        return from is { } copied
            ? segments.Index.TryMove(address, copied, location) : segments.Index.TryAdd(address, location);
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
        RefuseFailed();
        if (segment is null || used == 0) return;
        var padded = (used + SegmentFormat.Page - 1) & -SegmentFormat.Page;
        new Span<byte>(buffer + used, padded - used).Clear();
        Write(segment, new ReadOnlySpan<byte>(buffer, padded));
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
            Segment.Reader? current;
            long target;
            lock (Gate)
            {
                WriteOut();
                if (segment is null || synced >= fileEnd) return;
                (current, target) = (segment.Use(), fileEnd);
            }

            // Outside the gate: others may append meanwhile, and their own sync will cover them.
            using (current)
            {
                SyncFile(current!.Value.Segment);
                lock (Gate)
                {
                    if (segment == current.Value.Segment) synced = Math.Max(synced, target);
                }
            }
        }
    }

    /// <summary>Writes the footer, syncs, and lets go of the segment. The caller holds <see cref="Gate"/>.</summary>
    internal void Seal()
    {
        RefuseFailed();
        if (segment is null) return;
        WriteOut();

        // The records first: who finds a footer takes them for durable, also when the process died right behind it.
        SyncFile(segment);
        synced = fileEnd;
        Write(segment, SegmentFormat.Footer(entries, fileEnd, segment.Seed));
        SyncFile(segment);
        LetGo();
    }

    /// <summary>Of one that failed: its segment, and what is in it that no sync has covered.</summary>
    internal (Segment Segment, List<SegmentEntry> Entries)? Doubtful()
    {
        lock (Gate) return segment is null ? null : (segment, entries.FindAll(e => e.Offset >= synced));
    }

    /// <summary>Of one that failed, when all that was doubtful is elsewhere: leaves the segment with what is durable.
    /// </summary>
    internal void GiveUp()
    {
        lock (Gate)
        {
            if (segment is not { } left) return;
            var durable = entries.FindAll(e => e.Offset < synced);
            try
            {
                // The rest keeps its place: whoever looked a record up a moment ago may still be reading it.
                if (durable.Count == 0) segments.Delete(left);
                else Recovery.Seal(left.File, left.Seed, durable, fileEnd);
            }
            catch (IOException)
            {
                // A scrub, or the next start, finds it without a footer and does that.
            }

            LetGo();
        }
    }

    /// <summary>Deletes what was begun, of which nobody knows yet.</summary>
    internal void Abandon()
    {
        lock (Gate)
        {
            if (segment is not { } begun) return;
            try
            {
                segments.Delete(begun);
            }
            catch (IOException)
            {
                // What lies in it is nobody's: a collection finds that after the next start.
            }

            LetGo();
        }
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

    private void LetGo()
    {
        segment!.Appender = null;
        segment.Written = long.MaxValue;
        entries.Clear();
        segment = null;
    }

    private void RefuseFailed()
    {
        if (failure is { } cause) throw new StoreReadOnlyException($"The disk has failed: {cause.Message}", cause);
    }

    private void Write(Segment target, ReadOnlySpan<byte> bytes)
    {
        try
        {
            target.File.Write(fileEnd, bytes);
        }
        catch (IOException cause) when (cause is not StoreFullException)
        {
            failure = cause;
            RefuseFailed();
        }
    }

    // Who syncs beside or after the one that was told of a failure must not take it for success.
    private void SyncFile(Segment target)
    {
        lock (fileGate)
        {
            RefuseFailed();
            try
            {
                target.File.Sync();
            }
            catch (IOException cause) when (cause is not StoreFullException)
            {
                // A full disk refuses the sync too (delayed allocation), and keeps what it could not place.
                failure = cause;
                RefuseFailed();
            }
        }
    }
}
