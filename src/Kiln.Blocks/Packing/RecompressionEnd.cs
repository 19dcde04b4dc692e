namespace Kiln.Blocks.Packing;

/// <summary>Why a run of recompression ended.</summary>
public enum RecompressionEnd
{
    /// <summary>Everything that can be is dense.</summary>
    Done,

    /// <summary>The slice of time, or of records, is over; there is more to do.</summary>
    SliceOver,

    /// <summary>Guests, uploads or other processes want the machine.</summary>
    Demand,

    /// <summary>There is no space for the new records.</summary>
    StoreFull,
}
