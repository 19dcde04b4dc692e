using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>The filters of DescribeSnapshots. EC2 API Reference "DescribeSnapshots", "Filter.N".</summary>
public static class SnapshotFilters
{
    /// <summary>All of them.</summary>
    public static FilterSet<Snapshot> Set { get; } = new FilterSet<Snapshot>()
        .Text("description", s => s.Description)
        .Bool("encrypted", s => s.Encrypted)
        .Computed("owner-alias", _ => (string?)null)
        .Text("owner-id", s => s.AccountId)
        .Computed("progress", SnapshotItem.ProgressText)
        .Text("snapshot-id", s => s.Id)
        .Computed("start-time", s => Timestamps.Format(s.StartTime, TimestampFormat.Iso8601))
        .Enum("status", s => s.State)
        .Computed("storage-tier", _ => "standard")
        .Computed("transfer-type", SnapshotItem.TransferTypeOf)
        .Tags(s => s.Id)
        .Text("volume-id", s => s.VolumeId)
        .Number("volume-size", s => s.VolumeSizeGiB);
}
