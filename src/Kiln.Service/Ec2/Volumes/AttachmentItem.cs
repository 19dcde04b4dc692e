using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>An attachment on the wire. EC2 API Reference "VolumeAttachment".</summary>
public sealed record AttachmentItem
{
    /// <summary>The volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>The instance.</summary>
    public required string InstanceId { get; init; }

    /// <summary>The device name.</summary>
    public required string Device { get; init; }

    /// <summary>The state.</summary>
    [Wire("status")]
    public required AttachmentState State { get; init; }

    /// <summary>When it was attached.</summary>
    public required DateTimeOffset AttachTime { get; init; }

    /// <summary>Whether the volume goes with the instance.</summary>
    public required bool DeleteOnTermination { get; init; }

    /// <summary>The wire form of a row.</summary>
    public static AttachmentItem Of(VolumeAttachment row) => new()
    {
        VolumeId = row.VolumeId,
        InstanceId = row.InstanceId,
        Device = row.Device,
        State = row.State,
        AttachTime = row.AttachTime,
        DeleteOnTermination = row.DeleteOnTermination,
    };
}
