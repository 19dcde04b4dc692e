using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

/// <summary>EC2's errors in EC2's words. The other parts hold those of one kind of resource each.</summary>
/// <remarks>EC2 API Reference, "Error codes for the Amazon EC2 API"; wording as AWS was seen to answer.</remarks>
public static partial class Ec2Error
{
    /// <summary>A required parameter is missing.</summary>
    /// <param name="name">Its name on the wire, e.g. <c>InstanceId</c>.</param>
    public static AwsException MissingParameter(string name) =>
        Bad("MissingParameter", $"The request must contain the parameter {name}");

    /// <summary>A parameter's value cannot be used.</summary>
    public static AwsException InvalidParameterValue(string message) => Bad("InvalidParameterValue", message);

    /// <summary>A parameter's value cannot be used, in EC2's most common words.</summary>
    /// <param name="value">What was sent.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="why">A full sentence that says what is accepted.</param>
    public static AwsException InvalidParameterValue(string? value, string name, string why) =>
        Bad("InvalidParameterValue", $"Value ({value}) for parameter {name} is invalid. {why}");

    /// <summary>A parameter is not valid here.</summary>
    public static AwsException InvalidParameter(string message) => Bad("InvalidParameter", message);

    /// <summary>Parameters that exclude or need each other.</summary>
    public static AwsException InvalidParameterCombination(string message) =>
        Bad("InvalidParameterCombination", message);

    /// <summary>The request as a whole cannot be granted.</summary>
    public static AwsException InvalidRequest(string message) => Bad("InvalidRequest", message);

    /// <summary>The resource's state, or a setting, forbids it.</summary>
    public static AwsException OperationNotPermitted(string message) => Bad("OperationNotPermitted", message);

    /// <summary>Kiln does not do this.</summary>
    public static AwsException UnsupportedOperation(string message) => Bad("UnsupportedOperation", message);

    /// <summary>The resource is in another state than the operation needs.</summary>
    public static AwsException IncorrectState(string message) => Bad("IncorrectState", message);

    /// <summary>A resource belongs to somebody who has not shared it.</summary>
    /// <param name="type">The resource type, e.g. <c>image</c>.</param>
    /// <param name="id">Its id.</param>
    public static AwsException AuthFailure(string type, string id) =>
        Bad("AuthFailure", $"Not authorized for {type}:{id}");

    /// <summary>A quota of the account is used up.</summary>
    public static AwsException ResourceLimitExceeded(string message) => Bad("ResourceLimitExceeded", message);

    /// <summary>An account id is not one.</summary>
    public static AwsException InvalidUserIdMalformed(string id) =>
        Bad("InvalidUserID.Malformed", $"Invalid user id: \"{id}\"");

    /// <summary>A zone does not exist in the Region.</summary>
    public static AwsException InvalidZoneNotFound(string zone) =>
        Bad("InvalidZone.NotFound", $"The zone '{zone}' does not exist.");

    /// <summary>The bytes of a resource lie on another node's disks.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="node">The node to ask.</param>
    public static AwsException UnavailableHere(string id, string node) => new("Unavailable", 503,
        $"The data of {id} is on node {node}, and this node cannot reach it. Ask that node, or start it.");

    /// <summary>The Region's block store cannot be opened or read.</summary>
    public static AwsException StoreUnavailable(string region, string why) => new("Unavailable", 503,
        $"The block store of {region} is not available: {why} Other Regions are not affected.");

    /// <summary>No more machines may be on at a time: EC2's server error, which clients try again.</summary>
    public static AwsException InsufficientInstanceCapacity(string type, string zone, int most) => new(
        "InsufficientInstanceCapacity", 500, $"We currently do not have sufficient {type} capacity in the Availability "
        + $"Zone you requested ({zone}): up to {most} machines are on at a time here (--guests-max).");

    /// <summary>The disk of the Region's blocks is full: EC2's server error, which clients try again.</summary>
    public static AwsException NoSpace(string region) => new("InsufficientVolumeCapacity", 500,
        $"There is no space left for volumes and snapshots in {region}. Nothing is lost; make room, and try again.");

    /// <summary>Blocks that a row speaks of are not in the Region's store any more, or are damaged.</summary>
    public static AwsException DataLost(string id, string region, string why) => Bad(DataLostCode,
        $"The data of {id} cannot be read from the block store of {region}: {why}");

    /// <summary>The code of <see cref="DataLost"/>: trying again does not help.</summary>
    internal const string DataLostCode = "InaccessibleStorageLocation";

    private static AwsException Bad(string code, string message) => new(code, 400, message);

    /// <summary>An id that cannot be one of its type.</summary>
    private static AwsException Malformed(string code, string id, string prefix) =>
        Bad(code, $"Invalid id: \"{id}\" (expecting \"{prefix}-...\")");
}
