using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Instances;

/// <summary>A volume of an instance on the wire. EC2 API Reference "InstanceBlockDeviceMapping".</summary>
public sealed record InstanceDeviceItem(string DeviceName, InstanceDeviceItem.Volume Ebs)
{
    /// <summary>An attachment.</summary>
    public static InstanceDeviceItem Of(VolumeAttachment row) => new(
        row.Device, new Volume(row.VolumeId, StatusOf(row.State), row.AttachTime, row.DeleteOnTermination));

    // An instance's mapping knows no busy: it shows a device that the machine holds on to as still detaching.
    private static string StatusOf(AttachmentState state) =>
        state == AttachmentState.Busy ? "detaching" : state.ToString().ToLowerInvariant();

    /// <summary>The volume. EC2 API Reference "EbsInstanceBlockDevice".</summary>
    public sealed record Volume(
        string VolumeId, string Status, DateTimeOffset AttachTime, bool DeleteOnTermination);
}
