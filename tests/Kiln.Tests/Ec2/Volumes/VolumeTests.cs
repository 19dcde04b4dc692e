using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Work;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Filter = Amazon.EC2.Model.Filter;
using Instance = Kiln.Service.Ec2.Instances.Instance;
using InstanceState = Kiln.Service.Ec2.Instances.InstanceState;

namespace Kiln.Tests.Ec2.Volumes;

public sealed class VolumeTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gp3", 1, null, null)]
    [InlineData("gp3", 65536, 80000, 2000)]
    [InlineData("gp2", 16384, null, null)]
    [InlineData("io1", 4, 100, null)]
    [InlineData("io2", 65536, 256000, null)]
    [InlineData("st1", 125, null, null)]
    [InlineData("sc1", 16384, null, null)]
    [InlineData("standard", 1024, null, null)]
    public async Task C035_Every_type_is_made_within_its_limits_and_ready_at_once(
        string type, int size, int? iops, int? throughput)
    {
        var ec2 = server.Ec2();
        var id = await ec2.NewVolume(size, more: r =>
            (r.VolumeType, r.Iops, r.Throughput) = (VolumeType.FindValue(type), iops, throughput));

        var volume = await ec2.VolumeIs(id, "available");
        Assert.Equal((type, size), (volume.VolumeType.Value, volume.Size));
        Assert.Equal("use1-az1", volume.AvailabilityZoneId);
    }

    [Theory]
    [InlineData("gp3", 65537, null, null, "InvalidParameterValue")]
    [InlineData("gp3", 8, 80001, null, "InvalidParameterValue")]
    [InlineData("gp3", 4, 3001, null, "InvalidParameterValue")]
    [InlineData("gp3", 8, 3000, 1000, "InvalidParameterValue")]
    [InlineData("gp2", 16385, null, null, "InvalidParameterValue")]
    [InlineData("gp2", 8, 300, null, "InvalidParameterCombination")]
    [InlineData("gp2", 8, null, 125, "InvalidParameterCombination")]
    [InlineData("io1", 8, null, null, "MissingParameter")]
    [InlineData("io1", 4, 201, null, "InvalidParameterValue")]
    [InlineData("st1", 124, null, null, "InvalidParameterValue")]
    [InlineData("standard", 1025, null, null, "InvalidParameterValue")]
    [InlineData("gp9", 8, null, null, "UnknownVolumeType")]
    public async Task What_a_type_does_not_allow_is_refused(
        string type, int size, int? iops, int? throughput, string code) =>
        await Ec2Waits.Refused(code, () => server.Ec2().CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = "us-east-1a", Size = size, VolumeType = new VolumeType(type), Iops = iops,
            Throughput = throughput,
        }, Cancel));

    [Fact]
    public async Task Zones_sizes_and_ids_are_checked()
    {
        var ec2 = server.Ec2();
        await Ec2Waits.Refused("MissingParameter", () => ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a" }, Cancel));
        await Ec2Waits.Refused("InvalidZone.NotFound", () => ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1z", Size = 1 }, Cancel));
        await Ec2Waits.Refused("InvalidSnapshot.NotFound", () => ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a", SnapshotId = "snap-0123456789abcdef0" },
            Cancel));
        await Ec2Waits.Refused("InvalidVolume.NotFound", () => ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { VolumeIds = ["vol-0123456789abcdef0"] }, Cancel));
        await Ec2Waits.Refused("InvalidVolumeID.Malformed", () => ec2.DeleteVolumeAsync(
            new DeleteVolumeRequest { VolumeId = "volume" }, Cancel));
        var none = await ec2.DescribeVolumesAsync(new DescribeVolumesRequest
        {
            Filters = [new Filter("volume-id", ["vol-0123456789abcdef0"])],
        }, Cancel);
        Assert.Empty(none.Volumes ?? []);
    }

    [Fact]
    public async Task Filters_pages_and_tags_find_volumes_of_ones_own()
    {
        var ec2 = server.Ec2(TestServer.B);
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            var name = i < 3 ? "left" : "right";
            ids.Add(await ec2.NewVolume(i + 1, more: r => r.TagSpecifications =
                [new TagSpecification { ResourceType = ResourceType.Volume, Tags = [new Tag("side", name)] }]));
        }

        var tagged = await ec2.DescribeVolumesAsync(new DescribeVolumesRequest
        {
            Filters = [new Filter("tag:side", ["le*"]), new Filter("status", ["available"])],
        }, Cancel);
        var first = await ec2.DescribeVolumesAsync(new DescribeVolumesRequest { MaxResults = 5 }, Cancel);
        var second = await ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { MaxResults = 5, NextToken = first.NextToken }, Cancel);

        Assert.Equal(3, tagged.Volumes.Count);
        Assert.Equal(ids.Order(), first.Volumes.Concat(second.Volumes).Select(v => v.VolumeId).Order());
        Assert.Null(second.NextToken);
        await Ec2Waits.Refused("InvalidVolume.NotFound", () => server.Ec2().DescribeVolumesAsync(
            new DescribeVolumesRequest { VolumeIds = [ids[0]] }, Cancel));
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { Filters = [new Filter("colour", ["red"])] }, Cancel));
    }

    [Fact]
    public async Task A_volume_grows_while_it_is_there_four_times_a_day()
    {
        var ec2 = server.Ec2();
        var id = await ec2.NewVolume(1, more: r => r.VolumeType = VolumeType.Gp3);
        await Disk.Write(server, id, 0, Disk.Bytes(1, 4096));
        for (var size = 2; size <= 5; size++)
        {
            await ec2.ModifyVolumeAsync(new ModifyVolumeRequest { VolumeId = id, Size = size }, Cancel);
            await TestServer.Eventually(
                async () => (await ec2.DescribeVolumesModificationsAsync(
                    new DescribeVolumesModificationsRequest { VolumeIds = [id] }, Cancel)).VolumesModifications[0],
                m => m.ModificationState == VolumeModificationState.Completed && m.TargetSize == size);
        }

        await Ec2Waits.Refused("VolumeModificationRateExceeded", () => ec2.ModifyVolumeAsync(
            new ModifyVolumeRequest { VolumeId = id, Size = 6 }, Cancel));
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.ModifyVolumeAsync(
            new ModifyVolumeRequest { VolumeId = id, Size = 1 }, Cancel));
        Assert.Equal(5, (await ec2.VolumeIs(id, "available")).Size);
        Assert.Equal(Disk.Bytes(1, 4096), await Disk.Read(server, id, 0, 4096));
        Assert.Equal(new byte[4096], await Disk.Read(server, id, (5L << 30) - 4096, 4096));
    }

    [Fact]
    public async Task The_largest_volume_keeps_its_last_bytes()
    {
        var ec2 = server.Ec2();
        var id = await ec2.NewVolume(65536, more: r => r.VolumeType = VolumeType.Gp3);
        var (middle, end) = (20L << 40, (64L << 40) - 8192);
        await Disk.Write(server, id, middle, Disk.Bytes(21, 8192));
        await Disk.Write(server, id, end, Disk.Bytes(22, 8192));

        var snapshot = await ec2.NewSnapshot(id);
        var copy = await ec2.NewVolume(snapshotId: snapshot.SnapshotId, more: r =>
            (r.VolumeType, r.Iops) = (VolumeType.Io2, 100));

        Assert.Equal(Disk.Bytes(21, 8192), await Disk.Read(server, copy, middle, 8192));
        Assert.Equal(Disk.Bytes(22, 8192), await Disk.Read(server, copy, end, 8192));
        Assert.Equal(new byte[8192], await Disk.Read(server, copy, 8L << 40, 8192));
        Assert.Equal(2 * 524_288, snapshot.FullSnapshotSizeInBytes);
    }

    [Fact]
    public async Task Volumes_come_and_go_on_an_instance()
    {
        var ec2 = server.Ec2();
        var instance = await StoppedInstance();
        var volume = await ec2.NewVolume();
        var other = await ec2.NewVolume(more: r => r.AvailabilityZone = "us-east-1b");

        var attached = await Attach(volume, instance, "/dev/sdf");
        Assert.Equal("attaching", attached.Attachment.State.Value);
        var inUse = await TestServer.Eventually(
            async () => await ec2.VolumeIs(volume, "in-use"), v => v.Attachments[0].State.Value == "attached");
        Assert.Equal((instance, "/dev/sdf"), (inUse.Attachments[0].InstanceId, inUse.Attachments[0].Device));
        await Ec2Waits.Refused("VolumeInUse", () => ec2.DeleteVolumeAsync(
            new DeleteVolumeRequest { VolumeId = volume }, Cancel));
        await Ec2Waits.Refused("VolumeInUse", () => Attach(volume, instance, "/dev/sdg"));
        await Ec2Waits.Refused("InvalidVolume.ZoneMismatch", () => Attach(other, instance, "/dev/sdg"));
        var second = await ec2.NewVolume();
        await Ec2Waits.Refused("InvalidParameterValue", () => Attach(second, instance, "/dev/sdf"));
        await Ec2Waits.Refused("InvalidParameterValue", () => Attach(second, instance, "disk 1"));

        var detached = await ec2.DetachVolumeAsync(new DetachVolumeRequest { VolumeId = volume }, Cancel);
        Assert.Equal("detaching", detached.Attachment.State.Value);
        await ec2.VolumeIs(volume, "available");
        await Ec2Waits.Refused("IncorrectState", () => ec2.DetachVolumeAsync(
            new DetachVolumeRequest { VolumeId = volume }, Cancel));
    }

    [Fact]
    public async Task All_volumes_of_an_instance_are_cut_together()
    {
        var ec2 = server.Ec2();
        var instance = await StoppedInstance();
        var (root, data) = (await ec2.NewVolume(), await ec2.NewVolume(2));
        await Attach(root, instance, "/dev/xvda");
        await Attach(data, instance, "/dev/sdf");
        await Disk.Write(server, data, 0, Disk.Bytes(9, 1 << 20));
        var sum = await Disk.Sha256(server, data);
        await ec2.CreateTagsAsync(
            new CreateTagsRequest { Resources = [data], Tags = [new Tag("role", "data")] }, Cancel);

        var all = (await ec2.CreateSnapshotsAsync(new CreateSnapshotsRequest
        {
            InstanceSpecification = new InstanceSpecification { InstanceId = instance }, Description = "both",
            CopyTagsFromSource = CopyTagsFromSource.Volume,
        }, Cancel)).Snapshots;
        var some = (await ec2.CreateSnapshotsAsync(new CreateSnapshotsRequest
        {
            InstanceSpecification = new InstanceSpecification { InstanceId = instance, ExcludeBootVolume = true },
        }, Cancel)).Snapshots;

        Assert.Equal(new[] { root, data }.Order(), all.Select(s => s.VolumeId).Order());
        Assert.Single(all.Select(s => s.StartTime).Distinct());
        Assert.Equal(data, Assert.Single(some).VolumeId);
        var ofData = all.Single(s => s.VolumeId == data);
        Assert.Equal("data", Assert.Single(ofData.Tags).Value);
        foreach (var member in all.Concat(some))
            await ec2.SnapshotIs(member.SnapshotId, "completed");
        Assert.Equal(sum, await Disk.Sha256(server, await ec2.NewVolume(snapshotId: ofData.SnapshotId)));
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.CreateSnapshotsAsync(new CreateSnapshotsRequest
        {
            InstanceSpecification = new InstanceSpecification
            {
                InstanceId = instance, ExcludeDataVolumeIds = [root],
            },
        }, Cancel));
    }

    [Fact]
    public async Task Encryption_by_default_and_its_key_are_settings_of_the_Region()
    {
        var ec2 = server.Ec2(TestServer.C);
        await ec2.EnableEbsEncryptionByDefaultAsync(new EnableEbsEncryptionByDefaultRequest(), Cancel);
        var made = await ec2.NewVolume();
        var volume = await ec2.VolumeIs(made, "available");
        Assert.True(volume.Encrypted);

        var key = (await server.Kms(TestServer.C).CreateKeyAsync(
            new Amazon.KeyManagementService.Model.CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        await ec2.ModifyEbsDefaultKmsKeyIdAsync(new ModifyEbsDefaultKmsKeyIdRequest { KmsKeyId = key }, Cancel);
        Assert.Equal(key, (await ec2.VolumeIs(await ec2.NewVolume(), "available")).KmsKeyId);
        Assert.Equal(key, (await ec2.GetEbsDefaultKmsKeyIdAsync(new GetEbsDefaultKmsKeyIdRequest(), Cancel)).KmsKeyId);
        var reset = await ec2.ResetEbsDefaultKmsKeyIdAsync(new ResetEbsDefaultKmsKeyIdRequest(), Cancel);
        Assert.Equal(volume.KmsKeyId, reset.KmsKeyId);
        await ec2.DisableEbsEncryptionByDefaultAsync(new DisableEbsEncryptionByDefaultRequest(), Cancel);
        Assert.False((await ec2.VolumeIs(await ec2.NewVolume(), "available")).Encrypted);
        Assert.False((await server.Ec2(TestServer.C, "eu-west-1").GetEbsEncryptionByDefaultAsync(
            new GetEbsEncryptionByDefaultRequest(), Cancel)).EbsEncryptionByDefault);
    }

    [Fact]
    public async Task Status_attributes_and_blocked_sharing_answer()
    {
        var ec2 = server.Ec2();
        var id = await ec2.NewVolume();
        var status = (await ec2.DescribeVolumeStatusAsync(
            new DescribeVolumeStatusRequest { VolumeIds = [id] }, Cancel)).VolumeStatuses[0];
        await ec2.ModifyVolumeAttributeAsync(
            new ModifyVolumeAttributeRequest { VolumeId = id, AutoEnableIO = true }, Cancel);
        var attribute = await ec2.DescribeVolumeAttributeAsync(new DescribeVolumeAttributeRequest
        {
            VolumeId = id, Attribute = VolumeAttributeName.AutoEnableIO,
        }, Cancel);
        await ec2.EnableSnapshotBlockPublicAccessAsync(new EnableSnapshotBlockPublicAccessRequest
        {
            State = SnapshotBlockPublicAccessState.BlockAllSharing,
        }, Cancel);
        var blocked = await ec2.GetSnapshotBlockPublicAccessStateAsync(
            new GetSnapshotBlockPublicAccessStateRequest(), Cancel);
        await ec2.DisableSnapshotBlockPublicAccessAsync(new DisableSnapshotBlockPublicAccessRequest(), Cancel);

        Assert.Equal("ok", status.VolumeStatus.Status.Value);
        Assert.True(attribute.AutoEnableIO);
        Assert.Equal("block-all-sharing", blocked.State.Value);
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.EnableSnapshotBlockPublicAccessAsync(
            new EnableSnapshotBlockPublicAccessRequest { State = SnapshotBlockPublicAccessState.Unblocked }, Cancel));
        await Ec2Waits.Refused("IncorrectState", () => ec2.EnableVolumeIOAsync(
            new EnableVolumeIORequest { VolumeId = id }, Cancel));
    }

    private Task<AttachVolumeResponse> Attach(string volume, string instance, string device) =>
        server.Ec2().AttachVolumeAsync(
            new AttachVolumeRequest { VolumeId = volume, InstanceId = instance, Device = device }, Cancel);

    private Task<string> StoppedInstance() => server.WithDb(async db =>
    {
        var now = server.Clock.GetUtcNow();
        var instance = new Instance
        {
            Id = Ids.New("i"), Region = "us-east-1", AccountId = TestServer.A,
            NodeId = server.Server.Services.GetRequiredService<NodeIdentity>().Id, ReservationId = Ids.New("r"),
            LaunchIndex = 0, ImageId = Ids.New("ami"), InstanceType = "t3.micro", LaunchTime = now, CreatedAt = now,
            Platform = new ImagePlatform { Architecture = "x86_64", VirtualizationType = "hvm" },
            RootDeviceType = "ebs", RootDeviceName = "/dev/xvda", AvailabilityZone = "us-east-1a",
            VpcId = Ids.New("vpc"), SubnetId = Ids.New("subnet"), NetworkInterfaceId = Ids.New("eni"),
            MacAddress = "02:00:00:00:00:01", PrivateIpAddress = "172.31.0.9",
            MetadataOptions = new MetadataOptions(),
        };
        instance.Become(InstanceState.Stopped, now);
        db.Add(instance);
        await db.SaveChangesAsync(Cancel);
        return instance.Id;
    });
}
