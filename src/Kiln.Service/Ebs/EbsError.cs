using System.Globalization;
using Kiln.Protocol.Errors;

namespace Kiln.Service.Ebs;

/// <summary>The errors of the EBS direct APIs. Every one of a modelled kind carries its Reason.</summary>
/// <remarks>EBS direct APIs Reference, "Common errors"; reasons as its model lists them.</remarks>
public static class EbsError
{
    /// <summary>The member that holds the reason.</summary>
    public const string Reason = "Reason";

    /// <summary>A parameter's value cannot be used.</summary>
    public static AwsException InvalidParameterValue(string message) => Validation("INVALID_PARAMETER_VALUE", message);

    /// <summary>The text is no snapshot id, or the snapshot is of no use for the operation.</summary>
    public static AwsException InvalidSnapshotId(string message) => Validation("INVALID_SNAPSHOT_ID", message);

    /// <summary>The volume's size is out of bounds.</summary>
    public static AwsException InvalidVolumeSize(string message) => Validation("INVALID_VOLUME_SIZE", message);

    /// <summary>The block's index, length or content does not fit.</summary>
    public static AwsException InvalidBlock(string message) => Validation("INVALID_BLOCK", message);

    /// <summary>A block token that is not one of this block, or too old.</summary>
    public static AwsException InvalidBlockToken() => Validation("INVALID_BLOCK_TOKEN",
        "The block token is not one of this block of this snapshot, or has expired. List the blocks again.");

    /// <summary>A page token that is not one of this listing, or too old.</summary>
    public static AwsException InvalidPageToken() => Validation("INVALID_PAGE_TOKEN",
        "The page token is not one of this listing, or has expired. Begin the listing again without it.");

    /// <summary>A tag breaks a rule.</summary>
    public static AwsException InvalidTag(string message) => Validation("INVALID_TAG", message);

    /// <summary>The key cannot be used for a snapshot.</summary>
    public static AwsException InvalidCustomerKey(string message) => Validation("INVALID_CUSTOMER_KEY", message);

    /// <summary>Two snapshots that do not descend from one volume.</summary>
    public static AwsException UnrelatedSnapshots(string first, string second) => Validation("UNRELATED_SNAPSHOTS",
        $"The snapshots {first} and {second} are not of one volume or one lineage of snapshots.");

    /// <summary>The snapshot is being completed while a block is put or it is completed otherwise.</summary>
    public static AwsException ConflictingBlockUpdate(string message) =>
        Validation("CONFLICTING_BLOCK_UPDATE", message);

    /// <summary>The snapshot's timeout went by.</summary>
    public static AwsException WriteRequestTimeout(string id) => Validation("WRITE_REQUEST_TIMEOUT",
        $"The snapshot {id} was neither written nor completed within its timeout. Start a new one.");

    /// <summary>What the snapshot depends on is out of reach here.</summary>
    public static AwsException InvalidDependency(string message) => Validation("INVALID_DEPENDENCY_REQUEST", message);

    /// <summary>There is no such snapshot in the Region.</summary>
    public static AwsException SnapshotNotFound(string id) => With("ResourceNotFoundException", 404,
        "SNAPSHOT_NOT_FOUND", $"The snapshot '{id}' does not exist.");

    /// <summary>The snapshot is somebody else's, or public, which these APIs do not serve.</summary>
    public static AwsException Unauthorized(string id) => With("AccessDeniedException", 403,
        "UNAUTHORIZED_ACCOUNT", $"The account may not use the snapshot '{id}' with this operation.");

    /// <summary>The key refuses the caller.</summary>
    public static AwsException KeyDenied(string message) => With("AccessDeniedException", 403,
        "DEPENDENCY_ACCESS_DENIED", message);

    /// <summary>Too many snapshots are being written.</summary>
    public static AwsException ConcurrentLimitExceeded(int limit) => new("ConcurrentLimitExceededException", 400,
        string.Create(CultureInfo.InvariantCulture,
            $"{limit} snapshots are being written already. Complete one, or let one time out."));

    /// <summary>More comes in at once than there is memory for.</summary>
    public static AwsException Throttled(string message) => With("RequestThrottledException", 400,
        "RESOURCE_LEVEL_THROTTLE", message);

    /// <summary>A quota, or the disk, is used up.</summary>
    public static AwsException QuotaExceeded(string message) => With("ServiceQuotaExceededException", 402,
        "DEPENDENCY_SERVICE_QUOTA_EXCEEDED", message);

    private static AwsException Validation(string reason, string message) =>
        With("ValidationException", 400, reason, message);

    private static AwsException With(string code, int status, string reason, string message) =>
        new(code, status, message) { Members = new Dictionary<string, string> { [Reason] = reason } };
}
