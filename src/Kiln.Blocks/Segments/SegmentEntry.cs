namespace Kiln.Blocks.Segments;

/// <summary>One record as a footer lists it.</summary>
internal readonly record struct SegmentEntry(BlockAddress Address, uint Offset, int StoredLength);
