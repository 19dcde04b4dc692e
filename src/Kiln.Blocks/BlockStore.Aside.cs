using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// Damaged records, out of the way of what is whole: one of them must not keep a segment of dead ones.
public sealed partial class BlockStore
{
    /// <summary>
    /// Brings damaged records, byte for byte, to a segment of their own, so that theirs can go. Each stays what it
    /// is: served as far as its frames are whole, met by no put, and there until a repair replaces it or nobody refers
    /// to it.
    /// </summary>
    /// <param name="segment">Where they are; in use by the caller.</param>
    /// <param name="entries">Which, at least one. Those that the index has elsewhere by now are dead weight.</param>
    /// <returns>False, and nothing has changed, when there are too many, the disk has no room, or does not give the
    /// same bytes twice.</returns>
    internal bool TrySetAside(Segment segment, IReadOnlyList<SegmentEntry> entries)
    {
        List<SegmentEntry> places = [];
        ulong seed = 0;
        try
        {
            // Named first: from the moment that they are there, also after a restart, they must not pass for whole.
            var aside = segments.CreateSealed(entries, e => AsStored(segment, e), (made, placed) =>
            {
                (places, seed) = (placed, made.Seed);
                Quarantine(made, placed);
            });
            for (var i = 0; i < places.Count; i++)
            {
                Index.TryMoveDamaged(
                    entries[i].Address, new BlockLocation(segment.Id, entries[i].Offset, entries[i].StoredLength),
                    new BlockLocation(aside.Id, places[i].Offset, places[i].StoredLength));
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            lock (quarantineGate) coming.Remove(seed);
        }
    }

    // A header that is not whole is not made so: bound to another place it would be believed.
    private static (byte[] Record, bool HasHeader) AsStored(Segment segment, SegmentEntry entry)
    {
        var once = new byte[RecordHeader.Size + entry.StoredLength];
        var twice = new byte[once.Length];
        if (segment.File.Read(entry.Offset, once) != once.Length
            || segment.File.Read(entry.Offset, twice) != twice.Length || !once.AsSpan().SequenceEqual(twice))
            throw new IOException($"Segment {segment.Id:x8} does not read the same twice at {entry.Offset}.");
        var header = new RecordHeader(once);
        var whole = header.IsValidAt(entry.Offset, segment.Seed) && header.Address == entry.Address
            && header.StoredLength == entry.StoredLength;
        return (once, whole);
    }
}
