using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Segments;

/// <summary>All segments of a store: the open files, the ids, and the loading of their entries at start.</summary>
/// <param name="backend">Where the files are.</param>
/// <param name="index">What is filled from them.</param>
/// <param name="clock">The clock.</param>
/// <param name="damaged">Records that a check found damaged, by their segment's seed and their offset.</param>
internal sealed class SegmentSet(
    IBackend backend, BlockIndex index, TimeProvider clock, IReadOnlySet<(ulong Seed, uint Offset)> damaged)
    : IDisposable
{
    private readonly ConcurrentDictionary<uint, Segment> open = new();
    private int last;

    internal IEnumerable<Segment> All => open.Values;

    internal BlockIndex Index => index;

    /// <summary>All of them, each in use until the next is asked for.</summary>
    internal IEnumerable<Segment> InUse()
    {
        foreach (var segment in open.Values)
        {
            using var use = segment.Use();
            if (use is not null) yield return segment;
        }
    }

    internal Segment? Find(uint id) => open.GetValueOrDefault(id);

    /// <summary>As <see cref="Segment.Use"/>, also null for one that was never there.</summary>
    internal Segment.Reader? Use(uint id) => Find(id)?.Use();

    internal void Remove(Segment segment)
    {
        if (open.TryRemove(new(segment.Id, segment))) segment.Dispose();
    }

    /// <summary>Removes a segment with its file.</summary>
    internal void Delete(Segment segment)
    {
        Remove(segment);
        backend.Delete(SegmentFormat.NameOf(segment.Id));
    }

    internal (Segment Segment, long End) Create(Appender appender)
    {
        var segment = Create(appender.IsDense, _ => { });
        segment.Appender = appender;
        open[segment.Id] = segment;
        return (segment, SegmentFormat.HeaderSize);
    }

    /// <summary>Makes a sealed segment of records as they are, durably: nothing of them changes but the place to which
    /// a header binds that is whole.</summary>
    /// <param name="records">Which.</param>
    /// <param name="load">Gives the bytes of one, and whether its header is whole.</param>
    /// <param name="announce">Called with the places that they will have, before the first is there.</param>
    internal Segment CreateSealed(
        IReadOnlyList<SegmentEntry> records, Func<SegmentEntry, (byte[] Record, bool HasHeader)> load,
        Action<Segment, List<SegmentEntry>> announce)
    {
        var made = Create(dense: false, segment =>
        {
            long end = SegmentFormat.HeaderSize;
            var placed = new List<SegmentEntry>();
            foreach (var entry in records)
            {
                placed.Add(entry with { Offset = (uint)end });

                // At a page, where a walk looks for it.
                end = (end + RecordHeader.Size + entry.StoredLength + SegmentFormat.Page - 1) & -SegmentFormat.Page;
            }

            announce(segment, placed);
            for (var i = 0; i < placed.Count; i++)
            {
                var (record, hasHeader) = load(records[i]);
                if (hasHeader) new RecordHeader(record).Seal(placed[i].Offset, segment.Seed);
                segment.File.Write(placed[i].Offset, record);
            }

            segment.File.Sync();
            Recovery.Seal(segment.File, segment.Seed, placed, end);
        });
        open[made.Id] = made;
        return made;
    }

    private Segment Create(bool dense, Action<Segment> fill)
    {
        var id = (uint)Interlocked.Increment(ref last);
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        var seed = BitConverter.ToUInt64(random);
        var name = SegmentFormat.NameOf(id);
        var file = backend.Create(name, direct: true);
        try
        {
            var segment = new Segment(id, seed, dense, file);
            var page = new byte[SegmentFormat.HeaderSize];
            SegmentFormat.WriteHeader(page, id, seed, clock.GetUtcNow(), dense);
            file.Write(0, page);
            fill(segment);
            backend.SyncFolder(SegmentFormat.Folder);
            return segment;
        }
        catch
        {
            file.Dispose();
            backend.Delete(name);
            throw;
        }
    }

    /// <summary>Opens every segment and fills the index; returns what had to be repaired.</summary>
    internal RecoveryReport Load(bool readOnly)
    {
        var report = new RecoveryReport();

        // An id is not given again while the trash holds it: a read may take that segment back under its name.
        foreach (var file in backend.List(BlockStore.TrashFolder))
        {
            if (SegmentFormat.TryParseTrashed(file, out var id)) last = Math.Max(last, (int)id);
        }

        foreach (var file in backend.List(SegmentFormat.Folder))
        {
            if (!SegmentFormat.TryParseName(file, out var id)) continue;
            last = Math.Max(last, (int)id);
            LoadOne(id, readOnly, report, lease: 0);
        }

        return report;
    }

    /// <summary>What a segment file in the trash lists; nothing when it cannot be read as one.</summary>
    internal List<SegmentEntry> EntriesInTrash(string name, uint id)
    {
        var entries = new List<SegmentEntry>();
        using var file = OpenInTrash(name, id);
        if (file is not null) Recovery.TryReadFooter(file.File, file.Seed, entries);
        return entries;
    }

    /// <summary>Opens a segment file in the trash as one; null when it cannot be read so.</summary>
    internal Segment? OpenInTrash(string name, uint id)
    {
        var file = backend.Open(name);
        var page = new byte[SegmentFormat.HeaderSize];
        if (SegmentFormat.TryReadHeader(page.AsSpan(0, file.Read(0, page)), id, out var seed))
            return new Segment(id, seed, dense: false, file);
        file.Dispose();
        return null;
    }

    /// <summary>Takes a segment that came back from the trash into use. Its blocks are leased as if they had been
    /// put now, or the collection under way would take them right back.</summary>
    internal void Reload(uint id) => LoadOne(id, readOnly: false, new RecoveryReport(), index.Epoch);

    private void LoadOne(uint id, bool readOnly, RecoveryReport report, uint lease)
    {
        var name = SegmentFormat.NameOf(id);
        var file = backend.Open(name, direct: true);
        try
        {
            var page = new byte[SegmentFormat.HeaderSize];
            var read = file.Read(0, page);
            if (!SegmentFormat.TryReadHeader(page.AsSpan(0, read), id, out var seed)
                && !Recovery.TryMendHeader(file, page.AsSpan(0, read), id, readOnly, out seed))
            {
                file.Dispose();

                // Only the header's own write can be torn in a file without records; anything longer is damage.
                if (read < page.Length || Block.IsZero(page)) report.EmptySegments++;
                else report.UnreadableSegments.Add(name);
                return;
            }

            var entries = new List<SegmentEntry>();
            if (!Recovery.TryReadFooter(file, seed, entries))
                Recovery.Scan(file, seed, entries, report, seal: !readOnly);
            open[id] = new Segment(id, seed, SegmentFormat.IsDense(page), file);
            foreach (var entry in entries)
            {
                var location = new BlockLocation(id, entry.Offset, entry.StoredLength);
                index.Load(entry.Address, location, lease, damaged.Contains((seed, entry.Offset)));
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var segment in open.Values) segment.Dispose();
    }
}
