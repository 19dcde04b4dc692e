using System.Globalization;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

/// <summary>
/// One generation of a volume's writes: a sparse data file, the map of what it holds, and a log of additions to the
/// map. Format: docs/formats/volume.md.
/// </summary>
/// <remarks>Rule: a bit is on disk only after the data it speaks of.</remarks>
internal sealed partial class VolumeLayer : IDisposable
{
    internal const int LogHeaderSize = 32;
    internal const int BatchHeaderSize = 24;
    internal const int LogEntrySize = 24;
    internal const int MapHeaderSize = 32;
    internal const int MapLeafSize = 16 + (LayerMap.WordsPerLeaf * 8);

    // The log grows by zeros in steps of this, so that the sync of a batch is of its bytes and not of a file's length:
    // half the time, without a commit of the file system's journal.
    private const int LogStep = 64 << 10;

    // Folding the log into the map rewrites the map: seldom enough to be cheap, often enough to keep a start short.
    private const long LogBytesMax = 4L << 20;
    private const ulong LogMagic = 0x3147_4C56_4E4C_494B; // "KILNVLG1"
    private const ulong MapMagic = 0x3150_4D56_4E4C_494B; // "KILNVMP1"
    private const uint BatchMagic = 0x3142_564B; // "KVB1"

    private readonly IBackend backend;
    private readonly Lock flushGate = new();
    private readonly IBackendFile log;
    private readonly LayerKey? key;
    private long logEnd;
    private long logRoom;
    private ulong sequence;
    private long writes;
    private long durable;
    private long durableGeneration;
    private volatile IOException? broken;

    // True until a sync has covered what an earlier process may have left in the page cache alone.
    private bool inherits;

    // True while the log has a batch, or a new end, that no sync covers.
    private bool logIsBehind;

    // True for the log of an earlier process: a sync of it may have failed there, and would not say so again.
    private bool logIsDoubtful;

    private VolumeLayer(
        IBackend backend, int number, LayerKey? key, long sizeBytes, IBackendFile data, IBackendFile log)
    {
        this.backend = backend;
        this.log = log;
        Number = number;
        this.key = key;
        Data = data;
        Map = new LayerMap(sizeBytes);
    }

    internal int Number { get; }

    /// <summary>The bytes, plain: where the volume is encrypted this is what encrypts.</summary>
    internal IBackendFile Data { get; }

    internal LayerMap Map { get; }

    /// <summary>True when it may differ from the base manifest; false when it only keeps a local copy.</summary>
    internal bool Dirty { get; set; } = true;

    /// <summary>True after a sync of it failed: what was written since the one before is in doubt. Until it is mended
    /// every flush fails.</summary>
    internal bool IsBroken => broken is not null;

    /// <summary>True when its data file is that of other volumes too: nothing is ever written to it.</summary>
    internal bool Shared { get; private init; }

    /// <summary>How the volume's record names it.</summary>
    internal VolumeRecord.LayerRecord Record => new(Number, Dirty, key, Shared);

    internal static string NameOf(int number, string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"layer-{number:d6}.{kind}");

    /// <summary>True for the name of any file of a layer.</summary>
    internal static bool TryParseName(string file, out int number)
    {
        const string Prefix = "layer-";
        number = 0;
        var end = file.IndexOf('.', StringComparison.Ordinal);
        return file.StartsWith(Prefix, StringComparison.Ordinal) && end > Prefix.Length
            && int.TryParse(file.AsSpan(Prefix.Length, end - Prefix.Length), NumberStyles.None,
                CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Makes a layer, with a key of its own where the volume has a domain. Nothing may be written to it
    /// before the volume's record names it, for only the record holds the salt.</summary>
    internal static VolumeLayer Create(IBackend backend, int number, long sizeBytes, KeyDomain? domain)
    {
        var key = domain is null ? null : LayerKey.Make(domain);

        foreach (var kind in KindsBesideData(backend)) backend.Delete(NameOf(number, kind));
        var data = SplitFile.Create(backend, NameOf(number, "data"));
        var log = backend.Create(NameOf(number, "log"), direct: false);
        data.SetLength(sizeBytes);
        var layer = new VolumeLayer(backend, number, key, sizeBytes, Seal(data, key, domain), log);
        layer.ResetLog();
        return layer;
    }

    internal static VolumeLayer Open(
        IBackend backend, VolumeRecord.LayerRecord record, long sizeBytes, KeyDomain? domain, ulong boot)
    {
        var data = Seal(SplitFile.Open(backend, NameOf(record.Number, "data")), record.Key, domain);
        if (data.Length < sizeBytes) data.SetLength(sizeBytes);
        var log = backend.Open(NameOf(record.Number, "log"));
        var layer = new VolumeLayer(backend, record.Number, record.Key, sizeBytes, data, log)
        {
            Dirty = record.Dirty,
            Shared = record.Shared,
        };
        try
        {
            layer.ReadMap();
            layer.ReadLog(boot);
            layer.ReadDoubt();
            layer.ReadAnswered();
        }
        catch
        {
            layer.Dispose();
            throw;
        }

        // A process that was killed may have left bytes in the page cache alone: the next flush speaks for them too.
        layer.Touched();
        layer.inherits = true;
        layer.logIsBehind = true;
        layer.logIsDoubtful = layer.logEnd > LogHeaderSize;
        return layer;
    }

    /// <summary>Writes the bytes of those sectors of a block that a layer holds: another, or this one once more.
    /// </summary>
    internal void CopyFrom(VolumeLayer from, long block, Span<byte> buffer)
    {
        var bits = from.Map.Bits(block);
        for (var sector = 0; sector < LayerMap.SectorsPerBlock;)
        {
            if ((bits & (UInt128.One << sector)) == 0)
            {
                sector++;
                continue;
            }

            var first = sector;
            while (sector < LayerMap.SectorsPerBlock && (bits & (UInt128.One << sector)) != 0) sector++;
            var at = (block * Block.Size) + ((long)first * LayerMap.SectorSize);
            var part = buffer[..((sector - first) * LayerMap.SectorSize)];
            if (from.Data.Seek(at, data: true) >= at + part.Length)
            {
                Data.PunchHole(at, part.Length);
            }
            else
            {
                part[from.Data.Read(at, part)..].Clear();
                Data.Write(at, part);
            }
        }
    }

    /// <summary>Makes all data written before this call, and then its bits, durable.</summary>
    /// <remarks>
    /// One flush at a time. Whoever waited for another that began after its own writes had returned has nothing left
    /// to do, so a crowd of connections costs two syncs.
    /// </remarks>
    /// <exception cref="IOException">The disk failed. Every flush fails from then on until <see cref="Mend"/>: the
    /// kernel drops what it could not write and would call the next sync a success.</exception>
    internal void Flush()
    {
        var mine = Volatile.Read(ref writes);
        if (Volatile.Read(ref durable) >= mine) return;
        lock (flushGate)
        {
            if (durable >= mine) return;
            RefuseBroken();

            // The bits are taken before the data is synced, so none of them can be ahead of its data.
            var covered = Volatile.Read(ref writes);
            var entries = Map.TakeUnlogged();
            try
            {
                SyncData(entries);
                SettleLog();
                if (entries.Count > 0)
                {
                    AppendBatch(entries, boot: 0);
                    SyncLog();
                }
            }
            catch
            {
                Map.PutBack(entries);
                throw;
            }

            Volatile.Write(ref durable, covered);
            if (logEnd > LogBytesMax) Checkpoint();
        }
    }

    /// <summary>After a sync that failed: what the layer did not hold durably is what lies below, or the file would
    /// show zeros where the kernel has dropped it. The caller sees to it that nobody reads or writes.</summary>
    internal void Revert()
    {
        if (!IsBroken) return;
        Map.Revert();
        ForgetAnswered();

        // Once more: writes that were under way when the sync failed are known by now.
        NoteDoubt();
    }

    /// <summary>After a sync that failed: makes durable what the layer shows now, which need not be what was written
    /// since the sync before. The caller sees to it that nobody writes, and that nobody is left who would take it for
    /// that.</summary>
    /// <exception cref="IOException">The disk still fails.</exception>
    internal void Mend()
    {
        lock (flushGate)
        {
            if (broken is null) return;
            var buffer = new byte[Block.Size];
            doubtful.UnionWith(Unsynced());
            foreach (var block in doubtful) CopyFrom(this, block, buffer);

            // The log is in doubt as well: the map takes its place.
            var covered = Volatile.Read(ref writes);
            var taken = Map.TakeUnlogged();
            try
            {
                Checkpoint();
                ForgetDoubt();
            }
            catch
            {
                Map.PutBack(taken);
                throw;
            }

            Volatile.Write(ref durable, covered);
            broken = null;
        }
    }

    private void Touched() => Interlocked.Increment(ref writes);

    // With the bits that were taken to be logged behind it.
    private void SyncData(List<LayerMap.Unlogged> taken)
    {
        var covered = Map.EndGeneration();
        try
        {
            Data.Sync();
            durableGeneration = covered;
            inherits = false;
        }
        catch (IOException failure) when (failure is not StoreFullException)
        {
            // Of a local copy there is another: the base answers again for what is in doubt.
            if (Dirty)
            {
                broken = failure;
                NoteDoubt();
                throw;
            }

            Map.PutBack(taken);
            Map.Revert();
            ForgetAnswered();
            throw;
        }
    }

    /// <summary>Logs the bits without waiting for the disk: good for this boot of the machine only, where the page
    /// cache outlives the process. <see cref="Flush"/> makes it good for ever.</summary>
    internal void LogForThisBoot(ulong boot)
    {
        lock (flushGate)
        {
            RefuseBroken();
            var entries = Map.TakeUnlogged();

            // They go back: the flush that settles the layer logs them again without the condition.
            Map.PutBack(entries);
            if (entries.Count == 0) return;
            SettleLog();
            AppendBatch(entries, boot);
        }
    }

    /// <summary>Flushes and folds the log into the map file.</summary>
    internal void Settle()
    {
        Flush();
        lock (flushGate)
        {
            if (logEnd > LogHeaderSize) Checkpoint();
        }
    }

    internal void Grow(long sizeBytes)
    {
        Data.SetLength(sizeBytes);
        Map.Grow(sizeBytes);
    }

    internal void DeleteFiles()
    {
        Dispose();
        SplitFile.Delete(backend, NameOf(Number, "data"));
        foreach (var kind in KindsBesideData(backend)) backend.Delete(NameOf(Number, kind));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Data.Dispose();
        log.Dispose();
        answered?.Dispose();
    }

    private static string[] KindsBesideData(IBackend backend) =>
        ["log", "map", DoubtKind(backend.Boot), AnsweredKind(backend.Boot)];

    private static IBackendFile Seal(IBackendFile data, LayerKey? key, KeyDomain? domain)
    {
        if (key is null || domain is null) return data;
        try
        {
            return new EncryptedFile(data, key.Open(domain));
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }
}
