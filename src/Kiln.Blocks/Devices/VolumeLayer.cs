using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

/// <summary>
/// One generation of a volume's writes: a sparse data file, the map of what it holds, and a log of additions to the
/// map. Format: docs/formats/volume.md.
/// </summary>
/// <remarks>Rule: a bit is on disk only after the data it speaks of.</remarks>
internal sealed class VolumeLayer : IDisposable
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
    private IOException? broken;

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

    /// <summary>True when its data file is that of other volumes too: nothing is ever written to it.</summary>
    internal bool Shared { get; private init; }

    /// <summary>How the volume's record names it.</summary>
    internal VolumeRecord.LayerRecord Record => new(Number, Dirty, key, Shared);

    internal static string NameOf(int number, string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"layer-{number:d6}.{kind}");

    /// <summary>Makes a layer, with a key of its own where the volume has a domain. Nothing may be written to it
    /// before the volume's record names it, for only the record holds the salt.</summary>
    internal static VolumeLayer Create(IBackend backend, int number, long sizeBytes, KeyDomain? domain)
    {
        var key = domain is null ? null : LayerKey.Make(domain);

        foreach (var kind in (string[])["log", "map"]) backend.Delete(NameOf(number, kind));
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
        layer.ReadMap();
        layer.ReadLog(boot);
        return layer;
    }

    /// <summary>Says that sectors which the layer holds were written again, so that the next flush has work.</summary>
    internal void Touched() => Interlocked.Increment(ref writes);

    /// <summary>Says that sectors whose data was written are the layer's from now on.</summary>
    internal void Hold(long block, UInt128 sectors)
    {
        Map.Set(block, sectors);

        // After the bits: a flush that covers the count has logged them.
        Touched();
    }

    /// <summary>Makes all data written before this call, and then its bits, durable.</summary>
    /// <remarks>
    /// One flush at a time. Whoever waited for another that began after its own writes had returned has nothing left
    /// to do, so a crowd of connections costs two syncs.
    /// </remarks>
    /// <exception cref="IOException">The disk failed. It stays failed until the layer is opened again: the kernel
    /// drops what it could not write and would call the next sync a success.</exception>
    internal void Flush()
    {
        var mine = Volatile.Read(ref writes);
        if (Volatile.Read(ref durable) >= mine) return;
        lock (flushGate)
        {
            if (durable >= mine) return;
            if (broken is { } before) throw new IOException($"Layer {Number} is broken: {before.Message}", before);

            // The bits are taken before the data is synced, so none of them can be ahead of its data.
            var covered = Volatile.Read(ref writes);
            var entries = Map.TakeUnlogged();
            try
            {
                Sync(Data);
                if (entries.Count > 0)
                {
                    AppendBatch(entries, boot: 0);
                    Sync(log);
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

    private void Sync(IBackendFile file)
    {
        try
        {
            file.Sync();
        }
        catch (IOException failure) when (failure is not StoreFullException)
        {
            broken = failure;
            throw;
        }
    }

    /// <summary>Logs the bits without waiting for the disk: good for this boot of the machine only, where the page
    /// cache outlives the process. <see cref="Flush"/> makes it good for ever.</summary>
    internal void LogForThisBoot(ulong boot)
    {
        lock (flushGate)
        {
            var entries = Map.TakeUnlogged();

            // They go back: the flush that settles the layer logs them again without the condition.
            Map.PutBack(entries);
            if (entries.Count > 0) AppendBatch(entries, boot);
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
        foreach (var kind in (string[])["log", "map"]) backend.Delete(NameOf(Number, kind));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Data.Dispose();
        log.Dispose();
    }

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

    private void AppendBatch(List<(long Block, UInt128 Bits)> entries, ulong boot)
    {
        var length = BatchHeaderSize + (entries.Count * LogEntrySize);
        var grows = logEnd + length > logRoom;
        var room = grows ? (logEnd + length + LogStep) & -LogStep : logRoom;
        var written = new byte[grows ? room - logEnd : length];
        var batch = written.AsSpan(0, length);
        for (var i = 0; i < entries.Count; i++)
        {
            var at = batch[(BatchHeaderSize + (i * LogEntrySize))..];
            BinaryPrimitives.WriteInt64LittleEndian(at, entries[i].Block);
            BinaryPrimitives.WriteUInt128LittleEndian(at[8..], entries[i].Bits);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(batch, BatchMagic);
        BinaryPrimitives.WriteInt32LittleEndian(batch[4..], entries.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[8..], boot);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[16..], HashOf(batch));
        log.Write(logEnd, written);
        logEnd += length;
        logRoom = room;
    }

    // The sequence is in the hash, so that a batch of an older log in a reused file is not taken for one of this.
    private ulong HashOf(ReadOnlySpan<byte> batch) =>
        XxHash3.HashToUInt64(batch[BatchHeaderSize..], (long)(
            sequence ^ BinaryPrimitives.ReadUInt64LittleEndian(batch[8..]) ^ (ulong)(batch.Length << 8)));

    private void Checkpoint()
    {
        var leaves = new List<(int Number, ulong[] Words)>();
        for (var number = 0; number < Map.LeafCount; number++)
        {
            if (Map.Leaf(number) is { } leaf) leaves.Add((number, [.. leaf]));
        }

        // Bits that were set since the flush above are in the copy as well: their data must be there first.
        Sync(Data);
        var bytes = new byte[MapHeaderSize + (leaves.Count * MapLeafSize)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, MapMagic);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), sequence + 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), leaves.Count);
        for (var i = 0; i < leaves.Count; i++)
        {
            var at = bytes.AsSpan(MapHeaderSize + (i * MapLeafSize), MapLeafSize);
            BinaryPrimitives.WriteInt32LittleEndian(at, leaves[i].Number);
            for (var word = 0; word < LayerMap.WordsPerLeaf; word++)
                BinaryPrimitives.WriteUInt64LittleEndian(at[(16 + (word * 8))..], leaves[i].Words[word]);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), MapHash(bytes));
        backend.WriteAtomic(NameOf(Number, "map"), bytes);
        sequence++;
        ResetLog();
    }

    private static ulong MapHash(ReadOnlySpan<byte> bytes) =>
        XxHash3.HashToUInt64(bytes[MapHeaderSize..], (long)XxHash3.HashToUInt64(bytes[..24]));

    private void ResetLog()
    {
        Span<byte> header = stackalloc byte[LogHeaderSize];
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, LogMagic);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], XxHash3.HashToUInt64(header[..24]));
        log.SetLength(0);
        log.Write(0, header);
        logRoom = logEnd = LogHeaderSize;
    }

    private void ReadMap()
    {
        if (!backend.Exists(NameOf(Number, "map"))) return;
        using var file = backend.Open(NameOf(Number, "map"));
        var bytes = new byte[file.Length];
        if (file.Read(0, bytes) < MapHeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != MapMagic
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(24)) != MapHash(bytes)
            || BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16)) * (long)MapLeafSize
                != bytes.Length - MapHeaderSize)
            throw new BlockCorruptException($"The map of layer {Number} is damaged.");
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        for (var at = MapHeaderSize; at < bytes.Length; at += MapLeafSize)
        {
            var first = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at)) * (long)LayerMap.BlocksPerLeaf;
            for (var i = 0; i < LayerMap.BlocksPerLeaf; i++)
                Load(first + i, BinaryPrimitives.ReadUInt128LittleEndian(bytes.AsSpan(at + 16 + (i * 16))));
        }
    }

    private void ReadLog(ulong boot)
    {
        var bytes = new byte[log.Length];
        var length = log.Read(0, bytes);

        // An empty header is that of a log in which nothing was ever flushed; any other damage is damage.
        var fresh = length < LogHeaderSize || Block.IsZero(bytes.AsSpan(0, LogHeaderSize));
        if (!fresh && (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != LogMagic
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(24)) != XxHash3.HashToUInt64(bytes.AsSpan(0, 24))))
            throw new BlockCorruptException($"The log of layer {Number} is damaged.");
        var of = fresh ? sequence : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        if (of > sequence) throw new BlockCorruptException($"The map of layer {Number} is older than its log.");
        if (fresh || of < sequence)
        {
            // It was folded into the map just before the stop, or never used.
            ResetLog();
            return;
        }

        logEnd = LogHeaderSize;
        while (ReadBatch(bytes.AsSpan((int)logEnd, length - (int)logEnd), boot))
        {
            var count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((int)logEnd + 4));
            logEnd += BatchHeaderSize + ((long)count * LogEntrySize);
        }

        // A torn batch is the last: each is synced before the next. A whole one behind a broken one means damage.
        for (var at = logEnd + 8; at < length; at += 8)
        {
            if (IsBatch(bytes.AsSpan((int)at, length - (int)at)))
                throw new BlockCorruptException($"The log of layer {Number} is damaged in the middle.");
        }

        log.SetLength(logEnd);
        logRoom = logEnd;
    }

    private bool IsBatch(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < BatchHeaderSize) return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(rest) == BatchMagic && count >= 0
            && BatchHeaderSize + ((long)count * LogEntrySize) <= rest.Length
            && BinaryPrimitives.ReadUInt64LittleEndian(rest[16..])
                == HashOf(rest[..(BatchHeaderSize + (count * LogEntrySize))]);
    }

    private bool ReadBatch(ReadOnlySpan<byte> rest, ulong boot)
    {
        if (!IsBatch(rest)) return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
        var batch = rest[..(BatchHeaderSize + (count * LogEntrySize))];
        var of = BinaryPrimitives.ReadUInt64LittleEndian(batch[8..]);

        // Written for a boot that is over: its data may not have reached the disk. The cut it was for is lost.
        if (of != 0 && of != boot) return true;

        for (var at = BatchHeaderSize; at < batch.Length; at += LogEntrySize)
        {
            var block = BinaryPrimitives.ReadInt64LittleEndian(batch[at..]);
            var bits = BinaryPrimitives.ReadUInt128LittleEndian(batch[(at + 8)..]);
            Load(block, bits);

            // Not durable yet: the next flush logs it again, unconditionally.
            if (of != 0) Map.PutBack([(block, bits)]);
        }

        if (of != 0) Touched();
        return true;
    }

    private void Load(long block, UInt128 bits)
    {
        if (bits == 0) return;
        if ((ulong)block >= (ulong)Map.LeafCount * LayerMap.BlocksPerLeaf)
            throw new BlockCorruptException($"Layer {Number} speaks of a block beyond its volume.");
        Map.Load(block, bits);
    }
}
