namespace Kiln.Blocks.Segments;

/// <summary>What a look at a record's stored bytes says.</summary>
internal enum RecordState
{
    /// <summary>Header and frames are as they were written.</summary>
    Whole,

    /// <summary>The disk gives bytes, and they are others.</summary>
    Damaged,

    /// <summary>The disk gives none. It may yet.</summary>
    Unreadable,
}
