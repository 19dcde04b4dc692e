using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

// Instances.
public static partial class Ec2Error
{
    /// <summary>No such instances in the caller's account.</summary>
    public static AwsException InvalidInstanceIdNotFound(IReadOnlyList<string> ids) => Bad(
        "InvalidInstanceID.NotFound", ids.Count == 1
            ? $"The instance ID '{ids[0]}' does not exist"
            : $"The instance IDs '{string.Join(", ", ids)}' do not exist");

    /// <summary>Not an instance id.</summary>
    public static AwsException InvalidInstanceIdMalformed(string id) =>
        Malformed("InvalidInstanceID.Malformed", Short(id), "i");

    /// <summary>The instance is not in a state for the operation.</summary>
    /// <param name="id">The instance.</param>
    /// <param name="state">Its state on the wire.</param>
    /// <param name="needed">What it would have to be.</param>
    public static AwsException IncorrectInstanceState(string id, string state, string needed) => Bad(
        "IncorrectInstanceState",
        $"The instance '{id}' is not in a state from which it can be {needed}: it is '{state}'.");

    /// <summary>An instance that has no EBS root cannot be stopped.</summary>
    public static AwsException NotStoppable(string id) => UnsupportedOperation(
        $"The instance '{id}' does not have an 'ebs' root device type and cannot be stopped.");

    /// <summary>Protected from termination.</summary>
    public static AwsException TerminationDisabled(string id) => OperationNotPermitted(
        $"The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try "
        + "again.");

    /// <summary>Protected from being stopped.</summary>
    public static AwsException StopDisabled(string id) => OperationNotPermitted(
        $"The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.");

    /// <summary>More instances than the account may have.</summary>
    public static AwsException InstanceLimitExceeded(int asked, int most) => Bad("InstanceLimitExceeded",
        $"You have requested more instances ({asked}) than your current instance limit of {most} allows.");

    /// <summary>No such instance types.</summary>
    public static AwsException InvalidInstanceType(IReadOnlyList<string> names) => Bad("InvalidInstanceType",
        $"The following supplied instance types do not exist: [{Short(string.Join(", ", names))}]");

    /// <summary>The image's architecture is not the type's.</summary>
    public static AwsException ArchitectureMismatch(string ofType, string ofImage) => InvalidParameterValue(
        $"The architecture '{ofType}' of the specified instance type does not match the architecture '{ofImage}' of "
        + "the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. "
        + "You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance "
        + "type or AMI.");

    /// <summary>No such instance profile; clients that have just made it look for this and try again.</summary>
    public static AwsException InvalidInstanceProfile(string name, bool byArn) => InvalidParameterValue(
        $"Value ({Short(name)}) for parameter iamInstanceProfile.{(byArn ? "arn" : "name")} is invalid. "
        + $"Invalid IAM Instance Profile {(byArn ? "ARN" : "name")}");

    /// <summary>No such association.</summary>
    public static AwsException InvalidAssociationIdNotFound(string id) =>
        Bad("InvalidAssociationID.NotFound", $"The association ID '{Short(id)}' does not exist");
}
