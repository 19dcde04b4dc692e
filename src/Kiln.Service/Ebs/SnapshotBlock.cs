namespace Kiln.Service.Ebs;

/// <summary>A written block of a snapshot. EBS direct APIs Reference "Block".</summary>
public sealed record SnapshotBlock
{
    /// <summary>Byte offset divided by the block size.</summary>
    public int? BlockIndex { get; init; }

    /// <summary>What GetSnapshotBlock wants to see.</summary>
    public string? BlockToken { get; init; }
}
