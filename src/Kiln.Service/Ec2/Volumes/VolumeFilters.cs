using System.Globalization;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>The filters of DescribeVolumes. EC2 API Reference "DescribeVolumes", Filter.N.</summary>
internal static class VolumeFilters
{
    public static FilterSet<Volume> All { get; } = new FilterSet<Volume>()
        .Query("attachment.instance-id", (context, values) =>
        {
            var ids = context.Db.VolumeAttachments
                .Where(FilterSet<VolumeAttachment>.AnyOf(a => a.InstanceId, values)).Select(a => a.VolumeId);
            return v => ids.Contains(v.Id);
        })
        .Computed("attachment.attach-time", v => v.Attachments.Select(a => Time(a.AttachTime)))
        .Computed("attachment.delete-on-termination",
            v => v.Attachments.Select(a => a.DeleteOnTermination ? "true" : "false"))
        .Computed("attachment.device", v => v.Attachments.Select(a => a.Device))
        .Computed("attachment.status", v => v.Attachments.Select(a => a.State.ToString().ToLowerInvariant()))
        .Text("availability-zone", v => v.AvailabilityZone)
        .Computed("availability-zone-id", v => Zone.ByName(v.Region, v.AvailabilityZone)?.Id)
        .Computed("create-time", v => Time(v.CreateTime))
        .Bool("encrypted", v => v.Encrypted)
        .Bool("fast-restored", v => v.FastRestored)
        .Bool("multi-attach-enabled", v => v.MultiAttachEnabled)
        .Computed("operator.managed", _ => "false")
        .Computed("operator.principal", _ => (string?)null)
        .Text("snapshot-id", v => v.SnapshotId)
        .Number("size", v => v.SizeGiB)
        .Enum("status", v => v.State)
        .Tags(v => v.Id)
        .Text("volume-id", v => v.Id)
        .Text("volume-type", v => v.VolumeType);

    internal static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
