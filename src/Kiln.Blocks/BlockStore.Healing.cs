using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// When a write or sync has failed: whatever it leaves in doubt is brought to another segment before anything is
// promised again. docs/life-of-a-block.md, "When a sync fails".
public sealed partial class BlockStore
{
    // A read may fail although the bytes are there.
    private const int SalvageReads = 3;

    private readonly Lock healGate = new();
    private long givenUpSegments;
    private long lostRecords;

    /// <summary>Segments that were given up since the store was opened because a write or sync of them failed.
    /// </summary>
    public long GivenUpSegments => Volatile.Read(ref givenUpSegments);

    /// <summary>Records that nobody had made durable and that did not read back whole after a failure: who put them
    /// was, or will be, refused.</summary>
    public long LostRecords => Volatile.Read(ref lostRecords);

    /// <summary>Brings to new segments what failed ones hold in doubt. Costs nothing where none has failed.</summary>
    /// <exception cref="IOException">The disk still fails; all is as it was.</exception>
    private void Heal()
    {
        if (!HasFailed()) return;
        lock (healGate)
        {
            for (var i = 0; i < appenders.Length; i++)
            {
                var failed = appenders[i];
                if (!failed.HasFailed) continue;
                var next = NewAppender(failed.IsDense);
                Salvage(failed, next);
                Volatile.Write(ref appenders[i], next);
                failed.GiveUp();
                failed.Dispose();
                Interlocked.Increment(ref givenUpSegments);
            }
        }
    }

    private bool HasFailed()
    {
        for (var i = 0; i < appenders.Length; i++)
        {
            if (Volatile.Read(ref appenders[i]).HasFailed) return true;
        }

        return false;
    }

    // All of it or nothing: what is in the new segment is nobody's until all is there.
    private void Salvage(Appender failed, Appender next)
    {
        if (failed.Doubtful() is not var (segment, entries)) return;
        var moves = new List<(BlockAddress Address, BlockLocation From, BlockLocation To)>();
        var lost = new Dictionary<BlockAddress, BlockLocation>();
        var codec = codecs.Rent();
        try
        {
            foreach (var entry in entries)
            {
                var from = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
                if (!Index.TryFind(entry.Address, out var at) || at != from) continue;
                if (Index.IsDamaged(entry.Address) || !TryReadBack(codec, segment, from))
                {
                    lost[entry.Address] = from;
                    continue;
                }

                lock (next.Gate)
                {
                    var record = codec.Record[..(RecordHeader.Size + entry.StoredLength)];
                    moves.Add((entry.Address, from, next.Append(record)));
                }
            }

            // What was handed to the operating system survives the process, and must go on doing so.
            lock (next.Gate) next.WriteOut();
        }
        catch
        {
            next.Abandon();
            next.Dispose();
            throw;
        }
        finally
        {
            codecs.Return(codec);
        }

        foreach (var (address, from, to) in moves) Index.Leave(address, from, to);
        if (lost.Count > 0) Lose(lost);
    }

    private static bool TryReadBack(BlockCodec codec, Segment segment, BlockLocation location)
    {
        return TryReadBuffered(codec, segment, location) || Look(codec, segment, location) == RecordState.Whole;
    }

    /// <summary>Loads a record from where a footer says it is, and says what is there. Looks again before it says
    /// anything bad.</summary>
    internal static RecordState Look(BlockCodec codec, Segment segment, BlockLocation location)
    {
        var state = RecordState.Damaged;
        for (var i = 0; i < SalvageReads; i++)
        {
            try
            {
                if (TryLoadAt(codec, segment, location)) return RecordState.Whole;
            }
            catch (IOException)
            {
                state = RecordState.Unreadable;
            }
        }

        return state;
    }

    private void Lose(Dictionary<BlockAddress, BlockLocation> lost)
    {
        // A move keeps the original until the copy is durable.
        var elsewhere = new Dictionary<BlockAddress, BlockLocation>();
        foreach (var segment in segments.InUse())
        {
            if (!segment.Sealed) continue;
            foreach (var entry in (segment.Footer() ?? []).Where(e => lost.ContainsKey(e.Address)))
                elsewhere[entry.Address] = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
        }

        foreach (var (address, from) in lost)
            Index.Leave(address, from, elsewhere.TryGetValue(address, out var to) ? to : null);

        // Before the failed appender goes: until then every commit waits for this.
        Interlocked.Add(ref lostRecords, lost.Count);
    }
}
