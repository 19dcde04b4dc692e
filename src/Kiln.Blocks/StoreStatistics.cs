namespace Kiln.Blocks;

/// <summary>What a store holds, and what happened since it was opened.</summary>
/// <param name="Records">Blocks and pages stored.</param>
/// <param name="Segments">Segment files.</param>
/// <param name="Puts">Blocks and pages offered, without zeros.</param>
/// <param name="DedupHits">Of those, how many were there already.</param>
/// <param name="PlainBytes">Plain bytes packed.</param>
/// <param name="StoredBytes">Bytes that became on disk.</param>
public sealed record StoreStatistics(
    int Records, int Segments, long Puts, long DedupHits, long PlainBytes, long StoredBytes);
