using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Tests.Ec2.Instances;

public sealed class DeviceMapTests
{
    private const string Root = "/dev/sda1";

    private static readonly DeviceMap.Machine Machine =
        new() { RootDeviceName = Root, RootDeviceType = "ebs", EphemeralDisks = 2 };

    private static readonly ImageDevice RootDevice = new()
    {
        DeviceName = Root, SnapshotId = "snap-1", VolumeSizeGiB = 8, VolumeType = "gp3", Iops = 4000, Throughput = 200,
        DeleteOnTermination = true,
    };

    private static readonly ImageDevice Data = new()
    {
        DeviceName = "/dev/sdf", SnapshotId = "snap-2", VolumeSizeGiB = 4, VolumeType = "gp2",
    };

    private static readonly ImageDevice Store = new() { DeviceName = "/dev/sdb", VirtualName = "ephemeral0" };

    [Fact]
    public void A_device_of_the_image_alone_is_used()
    {
        var merged = Merge([RootDevice, Data, Store]);

        Assert.Equal([Root, "/dev/sdf", "/dev/sdb"], merged.Select(d => d.DeviceName));
        Assert.All(merged.Take(2), d => Assert.True(d.SnapshotOfImage));
        Assert.Equal(("gp3", 4000, 200), (merged[0].VolumeType, merged[0].Iops, merged[0].Throughput));
    }

    [Fact]
    public void A_device_of_the_request_alone_is_added_with_a_snapshot_or_a_size()
    {
        var added = Merge(
            [RootDevice], Ebs("/dev/sdg", new() { SnapshotId = "snap-9" }), Ebs("/dev/sdh", new() { VolumeSize = 5 }));

        Assert.Equal(("snap-9", false, "gp2"), (added[1].SnapshotId, added[1].SnapshotOfImage, added[1].VolumeType));
        Assert.Equal((null, 5, false), (added[2].SnapshotId, added[2].SizeGiB, added[2].DeleteOnTermination));
        Assert.Equal("Either snapshot ID or volume size must be provided for: /dev/sdg",
            Refused([RootDevice], Ebs("/dev/sdg", new() { VolumeType = "gp3" })));
    }

    [Fact]
    public void NoDevice_removes_a_device_but_not_the_root()
    {
        Assert.Equal([Root], Merge([RootDevice, Data], None("/dev/sdf")).Select(d => d.DeviceName));
        Assert.Equal([Root], Merge([RootDevice], None("/dev/sdz")).Select(d => d.DeviceName));
        Assert.Contains("cannot be removed", Refused([RootDevice], None(Root)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_overrides_single_fields()
    {
        var merged = Merge(
            [RootDevice, Data], Ebs("/dev/sdf", new() { VolumeSize = 9, DeleteOnTermination = true }))[1];

        Assert.Equal(("snap-2", true, 9, "gp2", true), (merged.SnapshotId, merged.SnapshotOfImage, merged.SizeGiB,
            merged.VolumeType, merged.DeleteOnTermination));
        var other = Merge([RootDevice, Data], Ebs("/dev/sdf", new() { SnapshotId = "snap-9" }))[1];
        Assert.Equal(("snap-9", false, 4), (other.SnapshotId, other.SnapshotOfImage, other.SizeGiB));
    }

    [Fact]
    public void The_root_takes_another_type_without_the_old_speeds_but_no_other_snapshot()
    {
        var merged = Merge([RootDevice], Ebs(Root, new() { VolumeType = "gp2", Encrypted = true, KmsKeyId = "k" }))[0];

        Assert.Equal(("gp2", null, null), (merged.VolumeType, merged.Iops, merged.Throughput));
        Assert.Equal((true, "k", true), (merged.Encrypted, merged.KmsKeyId, merged.DeleteOnTermination));
        Assert.Equal("snapshotId cannot be modified on root device",
            Refused([RootDevice], Ebs(Root, new() { SnapshotId = "snap-9" })));
        Assert.Equal("snap-1", Merge([RootDevice], Ebs(Root, new() { SnapshotId = "snap-1" }))[0].SnapshotId);
    }

    [Fact]
    public void Ebs_and_instance_store_replace_each_other()
    {
        var store = Merge([RootDevice, Data], Virtual("/dev/sdf", "ephemeral1"))[1];
        Assert.Equal(("ephemeral1", null), (store.VirtualName, store.SnapshotId));
        var volume = Merge([RootDevice, Store], Ebs("/dev/sdb", new() { VolumeSize = 3 }))[1];
        Assert.Equal((null, 3), (volume.VirtualName, volume.SizeGiB));
        Assert.Contains("instance store", Refused([RootDevice], Virtual(Root, "ephemeral0")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_of_the_roots_name_is_another_device() => Assert.Equal([Root, "/dev/xvda"],
        Merge([RootDevice], Ebs("/dev/xvda", new() { VolumeSize = 20 })).Select(d => d.DeviceName));

    [Fact]
    public void Surplus_instance_store_is_ignored_and_m3_needs_it_in_the_request()
    {
        Assert.Single(Merge([RootDevice], Virtual("/dev/sdc", "ephemeral2")));
        Assert.Equal(2, Merge([RootDevice], Virtual("/dev/sdc", "ephemeral1")).Count);
        var m3 = Machine with { ImageEphemeralCounts = false };
        Assert.Single(DeviceMap.Merge([RootDevice, Store], [], m3));
        Assert.Equal(2, DeviceMap.Merge([RootDevice, Store], [Virtual("/dev/sdb", "ephemeral0")], m3).Count);
    }

    [Fact]
    public void Bad_mappings_are_refused()
    {
        Refused([RootDevice], Ebs("/dev/sdf", new() { VolumeSize = 1 }), Ebs("/dev/sdf", new() { VolumeSize = 1 }));
        Refused([RootDevice], new BlockDeviceMapping { DeviceName = "/dev/sdf" });
        var refusal = Assert.Throws<AwsException>(() => DeviceMap.Merge(
            [], [Ebs(Root, new() { VolumeSize = 8 })], Machine with { RootDeviceType = "instance-store" }));
        Assert.Equal("EBS block device mappings not supported for instance-store AMIs.", refusal.Message);
    }

    private static IReadOnlyList<MergedDevice> Merge(
        IReadOnlyList<ImageDevice> image, params IReadOnlyList<BlockDeviceMapping> request) =>
        DeviceMap.Merge(image, request, Machine);

    private static string Refused(IReadOnlyList<ImageDevice> image, params IReadOnlyList<BlockDeviceMapping> request)
    {
        var refusal = Assert.Throws<AwsException>(() => Merge(image, request));
        Assert.Equal("InvalidBlockDeviceMapping", refusal.Code);
        return refusal.Message;
    }

    private static BlockDeviceMapping Ebs(string name, EbsBlockDevice ebs) => new() { DeviceName = name, Ebs = ebs };

    private static BlockDeviceMapping None(string name) => new() { DeviceName = name, NoDevice = "" };

    private static BlockDeviceMapping Virtual(string name, string virtualName) =>
        new() { DeviceName = name, VirtualName = virtualName };
}
