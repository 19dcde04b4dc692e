namespace Kiln.Service.Ec2.Snapshots;

/// <summary>How a snapshot's blocks come to be.</summary>
public enum SnapshotOrigin
{
    /// <summary>Uploaded from a cut of a volume.</summary>
    Volume,

    /// <summary>Copied from another snapshot.</summary>
    Copy,

    /// <summary>Written by a client through the EBS direct APIs.</summary>
    Direct,
}
