using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Service.Ec2.Images;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;
using State = Kiln.Service.Ec2.Snapshots.SnapshotState;

namespace Kiln.Tests.Ec2.Images;

public sealed class RegisterImageTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    [Fact]
    public async Task Makes_an_available_private_image_over_the_snapshot()
    {
        var root = await server.Snapshot(8);
        var data = await server.Snapshot(20);
        var request = Registration("plain", root);
        request.Description = "a description";
        request.EnaSupport = true;
        request.BlockDeviceMappings[0].Ebs.VolumeSize = 10;
        request.BlockDeviceMappings.Add(new BlockDeviceMapping
        {
            DeviceName = "/dev/sdf",
            Ebs = new EbsBlockDevice { SnapshotId = data, VolumeType = VolumeType.Gp3, Iops = 4000 },
        });
        request.BlockDeviceMappings.Add(new BlockDeviceMapping { DeviceName = "/dev/sdb", VirtualName = "ephemeral0" });
        request.BlockDeviceMappings.Add(
            new BlockDeviceMapping { DeviceName = "/dev/sdg", Ebs = new EbsBlockDevice { VolumeSize = 5 } });
        request.TagSpecifications = [new TagSpecification { ResourceType = "image", Tags = [new Tag("team", "kiln")] }];

        var id = (await _ec2.RegisterImageAsync(request, Cancel)).ImageId;
        var image = await _ec2.Image(id);

        Assert.Matches("^ami-0[0-9a-f]{16}$", id);
        Assert.Equal(Amazon.EC2.ImageState.Available, image.State);
        Assert.Equal("a description", image.Description);
        Assert.Equal(TestServer.A, image.OwnerId);
        Assert.Equal($"{TestServer.A}/plain", image.ImageLocation);
        Assert.Equal("x86_64", image.Architecture);
        Assert.Equal("hvm", image.VirtualizationType);
        Assert.Equal("xen", image.Hypervisor);
        Assert.Equal("machine", image.ImageType);
        Assert.Equal("ebs", image.RootDeviceType);
        Assert.Equal("/dev/xvda", image.RootDeviceName);
        Assert.Equal("Linux/UNIX", image.PlatformDetails);
        Assert.Equal("RunInstances", image.UsageOperation);
        Assert.True(image.EnaSupport);
        Assert.False(image.Public);
        Assert.Equal("disabled", image.DeregistrationProtection);
        Assert.Equal("kiln", Assert.Single(image.Tags).Value);
        Assert.Equal(
            [
                $"/dev/xvda {root} 10 gp2  True False", $"/dev/sdf {data} 20 gp3 4000 False False",
                "/dev/sdb ephemeral0", "/dev/sdg  5 gp2  False False",
            ],
            image.BlockDeviceMappings.Select(Line));
    }

    private static string Line(BlockDeviceMapping m) => m.Ebs is not { } e ? $"{m.DeviceName} {m.VirtualName}"
        : $"{m.DeviceName} {e.SnapshotId} {e.VolumeSize} {e.VolumeType} {e.Iops} {e.DeleteOnTermination} {e.Encrypted}";

    [Fact]
    public async Task Takes_what_is_left_out_from_the_machine_whose_root_it_was()
    {
        var origin = new ImagePlatform
        {
            Architecture = "arm64", VirtualizationType = "hvm", EnaSupport = true, BootMode = "uefi",
            PlatformDetails = "Red Hat Enterprise Linux", UsageOperation = "RunInstances:0010",
        };
        var request = Registration("lineage", await server.Snapshot(platform: origin));
        request.Architecture = null;
        request.VirtualizationType = null;

        var image = await _ec2.Image((await _ec2.RegisterImageAsync(request, Cancel)).ImageId);

        Assert.Equal("arm64 hvm uefi True",
            $"{image.Architecture} {image.VirtualizationType} {image.BootMode} {image.EnaSupport}");
        Assert.Equal("RunInstances:0010", image.UsageOperation);
    }

    [Fact]
    public async Task Without_a_known_origin_the_defaults_are_those_of_AWS()
    {
        var request = Registration("defaults", await server.Snapshot());
        request.Architecture = null;
        request.VirtualizationType = null;

        var image = await _ec2.Image((await _ec2.RegisterImageAsync(request, Cancel)).ImageId);

        Assert.Equal(("i386", "paravirtual"), (image.Architecture.Value, image.VirtualizationType.Value));
    }

    [Fact]
    public async Task A_name_is_taken_once_an_account_and_Region_and_freed_by_deregistering()
    {
        var snapshot = await server.Snapshot();
        var first = await _ec2.Register("taken", snapshot);

        Assert.Equal(("InvalidAMIName.Duplicate", $"AMI name taken is already in use by AMI {first}"),
            await Refusal(() => _ec2.Register("taken", snapshot)));
        await server.Ec2(TestServer.B).Register("taken", await server.Snapshot(account: TestServer.B));
        await server.Ec2(region: "us-west-2").Register("taken", await server.Snapshot(region: "us-west-2"));
        await _ec2.DeregisterImageAsync(new DeregisterImageRequest(first), Cancel);
        Assert.NotEqual(first, await _ec2.Register("taken", snapshot));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("semi;colon")]
    [InlineData("line\nbreak")]
    [InlineData("umläut")]
    public async Task Refuses_a_bad_name(string name)
    {
        var snapshot = await server.Snapshot();

        Assert.Equal(("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may "
            + "contain letters, numbers, '(', ')', '.', '-', '/' and '_'"),
                await Refusal(() => _ec2.Register(name, snapshot)));
        await Refused("InvalidAMIName.Malformed", () => _ec2.Register(new string('x', 129), snapshot));
        await _ec2.Register(name.Length > 2 ? $"[{snapshot}] a'b@c (1).-/_" : snapshot, snapshot);
    }

    [Fact]
    public async Task Refuses_snapshots_that_are_not_there_not_ones_own_or_not_complete()
    {
        var foreign = await server.Snapshot(account: TestServer.B);
        var elsewhere = await server.Snapshot(region: "us-west-2");
        var pending = await server.Snapshot(state: State.Pending);
        var broken = await server.Snapshot(state: State.Error);

        Assert.Equal(("InvalidSnapshot.NotFound", "The snapshot 'snap-0123456789abcdef0' does not exist."),
            await Refusal(() => _ec2.Register("bad-snapshot", "snap-0123456789abcdef0")));
        await Refused("InvalidSnapshotID.Malformed", () => _ec2.Register("bad-snapshot", "snap-xyz"));
        await Refused("InvalidSnapshot.NotFound", () => _ec2.Register("bad-snapshot", foreign));
        await Refused("InvalidSnapshot.NotFound", () => _ec2.Register("bad-snapshot", elsewhere));
        await Refused("IncorrectState", () => _ec2.Register("bad-snapshot", pending));
        await Refused("IncorrectState", () => _ec2.Register("bad-snapshot", broken));
        Assert.Empty(await _ec2.Found("name", "bad-snapshot"));
    }

    public static TheoryData<string, string> BadMappings => new()
    {
        { "InvalidBlockDeviceMapping", "no root" },
        { "InvalidBlockDeviceMapping", "duplicate" },
        { "InvalidBlockDeviceMapping", "encrypted" },
        { "InvalidBlockDeviceMapping", "key" },
        { "InvalidBlockDeviceMapping", "smaller" },
        { "InvalidParameterValue", "larger" },
        { "InvalidBlockDeviceMapping", "nothing" },
        { "InvalidBlockDeviceMapping", "device name" },
        { "InvalidBlockDeviceMapping", "two kinds" },
        { "BootForVolumeTypeUnsupported", "st1 root" },
        { "MissingParameter", "io1 without iops" },
        { "InvalidParameterCombination", "gp2 with iops" },
        { "UnknownVolumeType", "type" },
    };

    [Theory]
    [MemberData(nameof(BadMappings))]
    public async Task Refuses_a_bad_mapping(string code, string what)
    {
        var request = Registration("bad-mapping", await server.Snapshot(8));
        var root = request.BlockDeviceMappings[0];
        void Add(string device, EbsBlockDevice ebs) =>
            request.BlockDeviceMappings.Add(new BlockDeviceMapping { DeviceName = device, Ebs = ebs });
        var gp2 = new EbsBlockDevice { VolumeSize = 8, VolumeType = VolumeType.Gp2, Iops = 3000 };
        switch (what)
        {
            case "no root": request.RootDeviceName = "/dev/sda1"; break;
            case "duplicate": Add("/dev/xvda", new EbsBlockDevice { VolumeSize = 1 }); break;
            case "encrypted": root.Ebs.Encrypted = false; break;
            case "key": Add("/dev/sdf", new EbsBlockDevice { VolumeSize = 1, KmsKeyId = "alias/aws/ebs" }); break;
            case "smaller": root.Ebs.VolumeSize = 7; break;
            case "larger": root.Ebs.VolumeSize = 16385; break;
            case "nothing": Add("/dev/sdf", new EbsBlockDevice { DeleteOnTermination = true }); break;
            case "device name": Add("/dev/floppy", new EbsBlockDevice { VolumeSize = 1 }); break;
            case "two kinds": root.VirtualName = "ephemeral0"; break;
            case "st1 root": (root.Ebs.VolumeType, root.Ebs.VolumeSize) = (VolumeType.St1, 125); break;
            case "io1 without iops": Add("/dev/sdf", new EbsBlockDevice { VolumeSize = 8, VolumeType = "io1" }); break;
            case "gp2 with iops": Add("/dev/sdf", gp2); break;
            case "type": root.Ebs.VolumeType = new VolumeType("gp9"); break;
        }

        await Refused(code, () => _ec2.RegisterImageAsync(request, Cancel));
        Assert.Empty(await _ec2.Found("name", "bad-mapping"));
    }

    [Theory]
    [InlineData("gp2", 16384)]
    [InlineData("gp3", 65536)]
    [InlineData("standard", 1024)]
    public async Task A_root_may_be_as_large_as_its_type_allows(string type, int size)
    {
        var request = Registration($"large {type}", await server.Snapshot(8));
        (request.BlockDeviceMappings[0].Ebs.VolumeType, request.BlockDeviceMappings[0].Ebs.VolumeSize) = (type, size);

        var image = await _ec2.Image((await _ec2.RegisterImageAsync(request, Cancel)).ImageId);

        Assert.Equal(size, image.BlockDeviceMappings[0].Ebs.VolumeSize);
        request.Name += " and one";
        request.BlockDeviceMappings[0].Ebs.VolumeSize = size + 1;
        await Refused("InvalidParameterValue", () => _ec2.RegisterImageAsync(request, Cancel));
    }

    [Fact]
    public async Task Refuses_values_that_do_not_exist_or_go_together()
    {
        var snapshot = await server.Snapshot();
        async Task Bad(string code, Action<RegisterImageRequest> change)
        {
            var request = Registration("bad-values", snapshot);
            change(request);
            await Refused(code, () => _ec2.RegisterImageAsync(request, Cancel));
        }

        await Bad("InvalidParameterValue", r => r.Architecture = "sparc");
        await Bad("InvalidParameterValue", r => r.VirtualizationType = "jail");
        await Bad("InvalidParameterValue", r => r.BootMode = "openfirmware");
        await Bad("InvalidParameterValue", r => r.ImdsSupport = "v1.0");
        await Bad("InvalidParameterValue", r => r.UefiData = "not base64!");
        await Bad("InvalidParameterValue", r => r.Description = new string('d', 256));
        await Bad("InvalidParameterValue", r => r.TagSpecifications =
            [new TagSpecification { ResourceType = "snapshot", Tags = [new Tag("a", "b")] }]);
        await Bad("InvalidParameterCombination", r => (r.VirtualizationType, r.EnaSupport) = ("paravirtual", true));
        await Bad("InvalidParameterCombination", r => r.KernelId = "aki-12345678");
        await Bad("InvalidKernelId.Malformed", r => (r.VirtualizationType, r.KernelId) = ("paravirtual", "vmlinuz"));
        await Bad("InvalidParameterCombination", r => r.TpmSupport = TpmSupportValues.V20);
        await Bad("UnsupportedOperation", r => r.ImageLocation = "bucket/image.manifest.xml");
        await Bad("UnsupportedOperation", r => r.BillingProducts = ["bp-1"]);
    }

    [Fact]
    public async Task A_dry_run_makes_nothing()
    {
        var request = Registration("dry-run", await server.Snapshot());
        request.DryRun = true;

        await Refused("DryRunOperation", () => _ec2.RegisterImageAsync(request, Cancel));

        request.DryRun = false;
        await _ec2.RegisterImageAsync(request, Cancel);
    }
}
