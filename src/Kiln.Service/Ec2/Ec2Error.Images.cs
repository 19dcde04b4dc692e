using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Images;

namespace Kiln.Service.Ec2;

// Images.
public static partial class Ec2Error
{
    /// <summary>No such image, or not one that the caller may see.</summary>
    public static AwsException InvalidAmiIdNotFound(params IReadOnlyList<string> ids) => Bad("InvalidAMIID.NotFound",
        ids.Count == 1
            ? $"The image id '[{ids[0]}]' does not exist"
            : $"The image ids '[{string.Join(", ", ids)}]' do not exist");

    /// <summary>No such image.</summary>
    public static AwsException InvalidAmiIdNotFound(string id) =>
        Bad("InvalidAMIID.NotFound", $"The image id '[{id}]' does not exist");

    /// <summary>Not an image id.</summary>
    public static AwsException InvalidAmiIdMalformed(string id) =>
        Malformed("InvalidAMIID.Malformed", Short(id), "ami");

    /// <summary>Not a kernel id.</summary>
    public static AwsException InvalidKernelIdMalformed(string id) =>
        Malformed("InvalidKernelId.Malformed", Short(id), "aki");

    /// <summary>Not a RAM disk id.</summary>
    public static AwsException InvalidRamDiskIdMalformed(string id) =>
        Malformed("InvalidRamDiskId.Malformed", Short(id), "ari");

    /// <summary>The image was deregistered lately.</summary>
    public static AwsException InvalidAmiIdUnavailable(string id) =>
        Bad("InvalidAMIID.Unavailable", $"The image ID '{id}' is no longer available");

    /// <summary>The image is not in a state in which it can be used.</summary>
    /// <param name="id">The image.</param>
    /// <param name="state">Its state on the wire.</param>
    public static AwsException InvalidAmiIdUnavailable(string id, string state) =>
        Bad("InvalidAMIID.Unavailable", $"The image ID '{id}' is not available: its state is '{state}'.");

    /// <summary>An operation that needs another state of the image.</summary>
    public static AwsException IncorrectImageState(string id, ImageState state, string needed) => Bad("IncorrectState",
        $"The image '{id}' is in state '{state.ToString().ToLowerInvariant()}'; it must be {needed}.");

    /// <summary>Something that nobody may see.</summary>
    public static AwsException Unauthorized(string message) => Bad("AuthFailure", message);

    /// <summary>The name is taken by another image of the account in this Region.</summary>
    public static AwsException InvalidAmiNameDuplicate(string name, string id) =>
        Bad("InvalidAMIName.Duplicate", $"AMI name {name} is already in use by AMI {id}");

    /// <summary>Not an image name.</summary>
    public static AwsException InvalidAmiNameMalformed() => Bad("InvalidAMIName.Malformed",
        "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, " +
        "'(', ')', '.', '-', '/' and '_'");

    /// <summary>An account or group that cannot be given a permission.</summary>
    /// <param name="value">What was sent.</param>
    /// <param name="type">The item's type, e.g. <c>userId</c>.</param>
    public static AwsException InvalidAmiAttributeItemValue(string value, string type) =>
        Bad("InvalidAMIAttributeItemValue", $"Invalid attribute item value \"{Short(value)}\" for {type} item type.");

    /// <summary>Making an image public while that is blocked.</summary>
    public static AwsException ImagePublicAccessBlocked() => OperationNotPermitted(
        "You can’t publicly share this image because block public access for AMIs is enabled for this account. " +
        "To publicly share the image, you must call the DisableImageBlockPublicAccess API.");

    /// <summary>Sharing a snapshot that is encrypted under the AWS managed key.</summary>
    public static AwsException SnapshotUnderManagedKey() => InvalidParameter(
        "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot");

    /// <summary>Copying an image whose snapshots the caller may not read.</summary>
    public static AwsException ImageStorageNotPermitted() =>
        InvalidRequest("You do not have permission to access the storage of this ami");

    /// <summary>No such instance in the caller's account.</summary>
    public static AwsException InvalidInstanceIdAbsent(string id) =>
        Bad("InvalidInstanceID.NotFound", $"The instance ID '{id}' does not exist");

    /// <summary>Not an instance id.</summary>
    public static AwsException InvalidInstanceIdNotWellFormed(string id) =>
        Malformed("InvalidInstanceID.Malformed", Short(id), "i");

    /// <summary>An instance whose root is instance store, of which no image can be made this way.</summary>
    public static AwsException NonEbsInstance(string id) => Bad("NonEBSInstance",
        $"The instance '{id}' does not have an 'ebs' root device type. Bundle it and register the bundle instead.");
}
