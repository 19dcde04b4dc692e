namespace Kiln.Blocks.Segments;

/// <summary>Where a record lies: a segment, a byte offset in it, and the stored length.</summary>
internal readonly record struct BlockLocation(uint Segment, uint Offset, int StoredLength);
