namespace Kiln.Blocks.Segments;

/// <summary>How hard a record was compressed. Its number is in the record's header: docs/formats/segment.md.</summary>
internal enum Effort : byte
{
    /// <summary>In a hurry: somebody waited, or wrote faster than could be packed.</summary>
    Light = 0,

    /// <summary>As ingest does when nothing presses.</summary>
    Plain = 1,

    /// <summary>As small as it gets; never compressed again.</summary>
    Dense = 2,
}
