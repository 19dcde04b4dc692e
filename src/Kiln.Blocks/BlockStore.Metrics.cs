namespace Kiln.Blocks;

// What the metrics read. Counted where it happens, once a block at most.
public sealed partial class BlockStore
{
    private long offeredBytes;
    private long verifiedBytes;
    private long damagedReads;
    private long copiedBytes;

    internal long OfferedBytes => Volatile.Read(ref offeredBytes);

    internal long VerifiedBytes => Volatile.Read(ref verifiedBytes);

    internal long DamagedReads => Volatile.Read(ref damagedReads);

    internal long CopiedBytes => Volatile.Read(ref copiedBytes);

    internal long SegmentBytes => segments.InUse().Sum(s => s.File.Length);
}
