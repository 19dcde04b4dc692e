using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

// Volumes and attachments.
public static partial class Ec2Error
{
    /// <summary>No such volume in the caller's account.</summary>
    public static AwsException InvalidVolumeNotFound(string id) =>
        Bad("InvalidVolume.NotFound", $"The volume '{id}' does not exist.");

    /// <summary>Not a volume id.</summary>
    public static AwsException InvalidVolumeIdMalformed(string id) =>
        Malformed("InvalidVolumeID.Malformed", id, "vol");

    /// <summary>The volume and the instance are in different zones.</summary>
    public static AwsException InvalidVolumeZoneMismatch(string id, string instanceId) => Bad(
        "InvalidVolume.ZoneMismatch",
        $"The volume '{id}' is not in the same availability zone as instance '{instanceId}'");

    /// <summary>The volume is attached.</summary>
    public static AwsException VolumeInUse(string id, string instanceId) =>
        Bad("VolumeInUse", $"Volume {id} is currently attached to {instanceId}");

    /// <summary>A volume is not in the state that is needed.</summary>
    public static AwsException IncorrectVolumeState(string id, string state, string needed) =>
        Bad("IncorrectState", $"The volume '{id}' is '{state}'; it must be {needed}.");

    /// <summary>The account has as many volumes as it may have.</summary>
    public static AwsException VolumeLimitExceeded(int most) =>
        Bad("VolumeLimitExceeded", $"Maximum number of volumes ({most}) exceeded. Delete volumes, or raise the limit.");

    /// <summary>No such volume type.</summary>
    public static AwsException UnknownVolumeType(string type) =>
        Bad("UnknownVolumeType", $"Unsupported volume type '{type}' for volume creation.");

    /// <summary>The volume is not attached there.</summary>
    public static AwsException InvalidAttachmentNotFound(string volumeId) => Bad("IncorrectState",
        $"Volume '{volumeId}' is in the 'available' state.");

    /// <summary>The volume is not attached to that instance, or not as that device.</summary>
    public static AwsException InvalidAttachmentNotFound(string volumeId, string instanceId) => Bad(
        "InvalidAttachment.NotFound", $"Instance '{instanceId}' does not have volume '{volumeId}' attached as said.");

    /// <summary>The device name is taken.</summary>
    public static AwsException InvalidDeviceInUse(string device) => Bad("InvalidParameterValue",
        $"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use");

    /// <summary>The device name is none.</summary>
    public static AwsException InvalidDeviceName(string device) => Bad("InvalidParameterValue",
        $"Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name.");

    /// <summary>The volume cannot be modified now.</summary>
    public static AwsException IncorrectModificationState(string message) => Bad("IncorrectModificationState", message);

    /// <summary>Too many modifications of one volume within a day.</summary>
    public static AwsException VolumeModificationRateExceeded(string id, int most) => Bad(
        "VolumeModificationRateExceeded",
        $"You've reached the maximum modification rate per volume limit ({most} in 24 hours) for {id}. " +
        "Wait before you modify it again.");

    /// <summary>No modification of this volume is known.</summary>
    public static AwsException InvalidVolumeModificationNotFound(string id) =>
        Bad("InvalidVolumeModification.NotFound", $"Modification for volume '{id}' does not exist.");

    /// <summary>A mapping entry cannot be used.</summary>
    public static AwsException InvalidBlockDeviceMapping(string message) => Bad("InvalidBlockDeviceMapping", message);

    /// <summary>A volume smaller than its snapshot.</summary>
    public static AwsException VolumeSmallerThanSnapshot(int sizeGiB, string snapshotId, int leastGiB) => Bad(
        "InvalidBlockDeviceMapping",
        $"Volume of size {sizeGiB}GB is smaller than snapshot '{snapshotId}', expect size >= {leastGiB}GB");

    /// <summary>A rate of initialization was given for an image's mapping, which has none.</summary>
    public static AwsException InitializationRateOfImage() => Bad("InvalidBlockDeviceMapping",
        "VolumeInitializationRate belongs to a launch or to CreateVolume, not to the mapping of an image.");

    /// <summary>A launch with more volumes than an instance takes.</summary>
    public static AwsException AttachmentLimitExceeded(int wanted, int most) => new("AttachmentLimitExceeded", 400,
        $"The device mapping has {wanted} volumes, and an instance takes {most} at most.");
}
