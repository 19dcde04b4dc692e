using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

// Snapshots and their keys.
public static partial class Ec2Error
{
    /// <summary>No such snapshot, or not one that the caller may see.</summary>
    public static AwsException InvalidSnapshotNotFound(string id) =>
        Bad("InvalidSnapshot.NotFound", $"The snapshot '{id}' does not exist.");

    /// <summary>An image needs the snapshot.</summary>
    public static AwsException InvalidSnapshotInUse(string id, string imageId) =>
        Bad("InvalidSnapshot.InUse", $"The snapshot {id} is currently in use by {imageId}");

    /// <summary>Not a snapshot id.</summary>
    public static AwsException InvalidSnapshotIdMalformed(string id) =>
        Malformed("InvalidSnapshotID.Malformed", id, "snap");

    /// <summary>A snapshot is not in the state that is needed.</summary>
    /// <param name="id">The snapshot.</param>
    /// <param name="state">Its state on the wire.</param>
    /// <param name="needed">The state that is needed.</param>
    public static AwsException IncorrectSnapshotState(string id, string state, string needed) =>
        Bad("IncorrectState", $"Snapshot is in invalid state - {state}. The snapshot {id} must be {needed}.");

    /// <summary>The account has as many snapshots as it may have.</summary>
    public static AwsException SnapshotLimitExceeded(int most) =>
        Bad("SnapshotLimitExceeded", $"Maximum allowed snapshots ({most}) exceeded. Delete some or raise the limit.");

    /// <summary>A volume has as many pending snapshots as it may have.</summary>
    public static AwsException ConcurrentSnapshotLimitExceeded(string volumeId, int most) => Bad(
        "ConcurrentSnapshotLimitExceeded",
        $"Maximum allowed in-progress snapshots for a single volume ({most}) exceeded for volume {volumeId}. " +
        "Wait for one to complete.");

    /// <summary>Too many copies under way to one Region.</summary>
    public static AwsException SnapshotCopiesExceeded(int most, string region) => Bad("ResourceLimitExceeded",
        $"Too many snapshot copies in progress. The limit is {most} in destination Region {region}.");

    /// <summary>KmsKeyId was given without Encrypted.</summary>
    public static AwsException KmsKeyWithoutEncrypted() => Bad("InvalidParameterDependency",
        "The parameter KmsKeyId requires the parameter Encrypted to be set to true.");

    /// <summary>A key cannot be used for EBS; said at once where AWS says it at once.</summary>
    public static AwsException InvalidKmsKey(string keyId, string why) =>
        Bad("InvalidParameterValue", $"The KMS key '{keyId}' cannot be used: {why}");

    /// <summary>A key is disabled, pending deletion or out of reach.</summary>
    public static AwsException KmsKeyUnusable(string keyId, string why) =>
        Bad("InvalidKmsKey.InvalidState", $"The KMS key '{keyId}' is not usable: {why}");
}
