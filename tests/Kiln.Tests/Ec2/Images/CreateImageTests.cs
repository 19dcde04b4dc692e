using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Work;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static Kiln.Tests.Ec2.Images.Requests;
using BlockDeviceMapping = Amazon.EC2.Model.BlockDeviceMapping;
using EbsBlockDevice = Amazon.EC2.Model.EbsBlockDevice;
using Image = Amazon.EC2.Model.Image;
using Instance = Kiln.Service.Ec2.Instances.Instance;
using State = Kiln.Service.Ec2.Instances.InstanceState;
using VolumeAttachment = Kiln.Service.Ec2.Volumes.VolumeAttachment;
using VolumeState = Kiln.Service.Ec2.Volumes.VolumeState;

namespace Kiln.Tests.Ec2.Images;

/// <summary>Images of instances that are off, and of running ones that go on.</summary>
public sealed class CreateImageTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    /// <summary>An instance's row over real volumes: root and data.</summary>
    private async Task<(string Instance, string Root, string Data)> Machine(State state)
    {
        var (root, data) = (await _ec2.NewVolume(), await _ec2.NewVolume(2));
        var id = Ids.New("i");
        var now = server.Clock.GetUtcNow();
        await server.WithDb(async db =>
        {
            var instance = new Instance
            {
                Id = id, Region = "us-east-1", AccountId = TestServer.A, ReservationId = Ids.New("r"), LaunchIndex = 0,
                NodeId = server.Server.Services.GetRequiredService<NodeIdentity>().Id, ImageId = Ids.New("ami"),
                InstanceType = "t3.micro", LaunchTime = now, CreatedAt = now, RootDeviceType = "ebs",
                Platform = new ImagePlatform { Architecture = "arm64", VirtualizationType = "hvm", EnaSupport = true },
                RootDeviceName = "/dev/xvda", AvailabilityZone = "us-east-1a", VpcId = "vpc-1", SubnetId = "subnet-1",
                NetworkInterfaceId = "eni-1", MacAddress = "02:00:00:00:00:01", PrivateIpAddress = "10.0.0.1",
                MetadataOptions = new MetadataOptions(),
                EphemeralDevices = [new ImageDevice { DeviceName = "/dev/sdb", VirtualName = "ephemeral0" }],
            };
            instance.Become(state, now);
            db.Add(instance);
            foreach (var (volume, device, goes) in ((string, string, bool)[])[(root, "/dev/xvda", true),
                (data, "/dev/sdf", false)])
            {
                (await db.Volumes.SingleAsync(v => v.Id == volume, Cancel)).State = VolumeState.InUse;
                db.Add(new VolumeAttachment
                {
                    VolumeId = volume, InstanceId = id, Device = device, AttachTime = now, DeleteOnTermination = goes,
                    State = Kiln.Service.Ec2.Volumes.AttachmentState.Attached,
                });
            }
            return await db.SaveChangesAsync(Cancel);
        });
        return (id, root, data);
    }

    private Task<Image> Becomes(string id, string state) =>
        TestServer.Eventually(() => _ec2.Image(id), i => i.State.Value == state);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cuts_every_volume_at_once(bool isRunning)
    {
        var (instance, root, data) = await Machine(isRunning ? State.Running : State.Stopped);
        await Disk.Write(server, root, 0, Disk.Bytes(1, 8192));
        await Disk.Write(server, data, 4096, Disk.Bytes(2, 8192));

        var id = (await _ec2.CreateImageAsync(new CreateImageRequest(instance, $"cut {isRunning}")
        {
            NoReboot = isRunning,
            Description = "made",
            TagSpecifications =
            [
                new TagSpecification { ResourceType = "image", Tags = [new Tag("of", "image")] },
                new TagSpecification { ResourceType = "snapshot", Tags = [new Tag("of", "snapshot")] },
            ],
        }, Cancel)).ImageId;
        await Disk.Write(server, root, 0, Disk.Bytes(3, 8192));
        var image = await Becomes(id, "available");

        Assert.Equal(["/dev/xvda", "/dev/sdb", "/dev/sdf"], image.BlockDeviceMappings.Select(m => m.DeviceName));
        Assert.Equal((instance, "arm64", "made"),
            (image.SourceInstanceId, image.Architecture.Value, image.Description));
        Assert.Equal("us-east-1", image.SourceImageRegion);
        Assert.True(image.BlockDeviceMappings[0].Ebs.DeleteOnTermination);
        Assert.False(image.BlockDeviceMappings[2].Ebs.DeleteOnTermination);
        Assert.Equal("image", Assert.Single(image.Tags).Value);
        var parts = image.BlockDeviceMappings.Where(m => m.Ebs is not null).Select(m => m.Ebs.SnapshotId).ToList();
        var snapshots = await _ec2.Snapshots(new DescribeSnapshotsRequest { SnapshotIds = parts });
        Assert.All(snapshots, s => Assert.Equal($"Created by CreateImage({instance}) for {id}", s.Description));
        Assert.All(snapshots, s => Assert.Equal("snapshot", Assert.Single(s.Tags).Value));
        Assert.Equal(Disk.Bytes(1, 8192),
            await Disk.Read(server, await _ec2.NewVolume(snapshotId: parts[0]), 0, 8192));
        Assert.Equal(Disk.Bytes(2, 8192),
            await Disk.Read(server, await _ec2.NewVolume(snapshotId: parts[1]), 4096, 8192));
    }

    [Fact]
    public async Task The_mapping_leaves_out_and_adds()
    {
        var (instance, _, _) = await Machine(State.Stopped);
        static BlockDeviceMapping Of(string device, EbsBlockDevice? ebs = null, string? noDevice = null) =>
            new() { DeviceName = device, Ebs = ebs, NoDevice = noDevice };
        CreateImageRequest Request(params BlockDeviceMapping[] mapping) =>
            new(instance, "mapped") { BlockDeviceMappings = [.. mapping] };
        Task Bad(params BlockDeviceMapping[] mapping) =>
            Refused("InvalidBlockDeviceMapping", () => _ec2.CreateImageAsync(Request(mapping), Cancel));

        await Bad(Of("/dev/xvda", noDevice: ""));
        await Bad(Of("/dev/xvda", new EbsBlockDevice { VolumeSize = 9 }));
        await Bad(Of("/dev/xvda", new EbsBlockDevice { VolumeType = VolumeType.Io2 }));
        await Bad(Of("/dev/sdf", new EbsBlockDevice { Encrypted = true }));
        await Bad(Of("/dev/sdf", new EbsBlockDevice { SnapshotId = await server.Snapshot(1) }));
        await Bad(Of("/dev/sdg", new EbsBlockDevice()));
        Assert.Empty(await _ec2.Found("name", "mapped"));

        var image = await Becomes((await _ec2.CreateImageAsync(Request(
            Of("/dev/xvda", new EbsBlockDevice { DeleteOnTermination = false, VolumeSize = 1 }),
            Of("/dev/sdf", noDevice: ""), Of("/dev/sdb", noDevice: ""),
            Of("/dev/sdg", new EbsBlockDevice { VolumeSize = 5 })), Cancel)).ImageId, "available");

        Assert.Equal(["/dev/xvda", "/dev/sdg"], image.BlockDeviceMappings.Select(m => m.DeviceName));
        Assert.False(image.BlockDeviceMappings[0].Ebs.DeleteOnTermination);
        Assert.Null(image.BlockDeviceMappings[1].Ebs.SnapshotId);
    }

    [Fact]
    public async Task Refuses_what_has_no_image()
    {
        var (gone, _, _) = await Machine(State.Terminated);
        Task<(string Code, string Message)> Refusal(string id) =>
            Requests.Refusal(() => _ec2.CreateImageAsync(new CreateImageRequest(id, "refused"), Cancel));

        Assert.Equal("InvalidInstanceID.NotFound", (await Refusal("i-0123456789abcdef0")).Code);
        Assert.Equal("InvalidInstanceID.Malformed", (await Refusal("i-what")).Code);
        var (code, message) = await Refusal(gone);
        Assert.Equal("InvalidParameterValue", code);
        Assert.Contains("Instance is not in state", message, StringComparison.Ordinal);
        Assert.Empty(await _ec2.Found("name", "refused"));
    }
}
