namespace Kiln.Service.Ebs;

/// <summary>A block in which two snapshots differ. EBS direct APIs Reference "ChangedBlock".</summary>
public sealed record ChangedBlock
{
    /// <summary>Byte offset divided by the block size.</summary>
    public int? BlockIndex { get; init; }

    /// <summary>The token of the first snapshot's block; absent where that has none.</summary>
    public string? FirstBlockToken { get; init; }

    /// <summary>The token of the second snapshot's block; absent where that has none.</summary>
    public string? SecondBlockToken { get; init; }
}
