using System.Buffers.Binary;
using System.IO.Hashing;
using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Devices;

// The map and the log on disk. Format: docs/formats/volume.md.
internal sealed partial class VolumeLayer
{
    private void AppendBatch(List<LayerMap.Unlogged> entries, ulong boot)
    {
        if (logEnd == 0) ResetLog();
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
        logIsBehind = true;
        log.Write(logEnd, written);
        logEnd += length;
        logRoom = room;
    }

    private void SyncLog()
    {
        try
        {
            log.Sync();
            logIsBehind = false;
        }
        catch (IOException failure) when (failure is not StoreFullException)
        {
            // Nothing is lost: the bits are all in memory, and the next flush puts them into a new map. A process that
            // comes before that would miss what was logged for this boot, and with it instants.
            logIsDoubtful = true;
            NoteDoubt();
            throw;
        }
    }

    // Each batch is durable before the next is written, or a torn one could lie before a whole one.
    private void SettleLog()
    {
        if (logIsDoubtful) Checkpoint();
        else if (logIsBehind) SyncLog();
    }

    /// <summary>Throws when <see cref="IsBroken"/>.</summary>
    internal void RefuseBroken()
    {
        if (broken is { } before)
        {
            throw new IOException(
                $"A flush has failed ({before.Message}): what was written since the one before is in doubt.", before);
        }
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
        SyncData([]);
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

        // From the moment that the new map may be there the log is that of an older one.
        logIsDoubtful = true;
        backend.WriteAtomic(NameOf(Number, "map"), bytes);
        sequence++;
        if (!IsBroken) ForgetDoubt();
        logIsDoubtful = false;
        try
        {
            ResetLog();
        }
        catch (IOException)
        {
            // Whoever appends next begins it.
        }
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

        // Until this has come to its end there is no log to append to.
        logEnd = 0;
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
                Load(first + i, BinaryPrimitives.ReadUInt128LittleEndian(bytes.AsSpan(at + 16 + (i * 16))), true);
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
            // It was folded into the map just before the stop, or never used. A batch behind a header that got to no
            // disk must be gone before there is a header again: the next loss of power might leave both.
            if (fresh && length > 0)
            {
                log.SetLength(0);
                log.Sync();
            }

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

        if (logEnd == LogHeaderSize)
        {
            // Of an earlier process too: the sync of it may have failed there, and the header be on no disk.
            ResetLog();
            return;
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

            // What is not durable yet the next flush logs again, unconditionally.
            Load(block, bits, durable: of == 0);
        }

        if (of != 0) Touched();
        return true;
    }

    private void Load(long block, UInt128 bits, bool durable)
    {
        if (bits == 0) return;
        if ((ulong)block >= (ulong)Map.LeafCount * LayerMap.BlocksPerLeaf)
            throw new BlockCorruptException($"Layer {Number} speaks of a block beyond its volume.");
        Map.Load(block, bits, durable);
    }
}
