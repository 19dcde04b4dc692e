namespace Kiln.Blocks.Loading;

/// <summary>A part of a disk that a boot asked for.</summary>
/// <param name="Block">The block's index.</param>
/// <param name="Frames">Its frames, bit 0 the first.</param>
/// <param name="Boots">The last eight boots: bit 0 is set when the latest asked for it, bit 1 for the one
/// before.</param>
public readonly record struct TraceEntry(long Block, byte Frames, byte Boots);
