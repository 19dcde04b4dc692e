using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Instances;

public sealed class RunInstancesTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task C001_A_launch_has_the_bytes_of_the_image()
    {
        var ec2 = server.Ec2();
        var (image, volume) = await server.NewImage("launch-bytes");

        var pending = await ec2.Launch(image);
        var running = await ec2.InstanceIs(pending.InstanceId, "running");

        Assert.Equal("pending", pending.State.Name.Value);
        Assert.Equal(image, running.ImageId);
        Assert.Equal("/dev/xvda", running.RootDeviceName);
        Assert.NotNull(running.PublicIpAddress);
        Assert.StartsWith("172.31.", running.PrivateIpAddress, StringComparison.Ordinal);
        var root = running.VolumeOf("/dev/xvda");
        Assert.Equal(await Disk.Sha256(server, volume), await Disk.Sha256(server, root));
        var attachment = (await ec2.VolumeIs(root, "in-use")).Attachments.Single();
        Assert.True(attachment.DeleteOnTermination);
        Assert.Equal(running.InstanceId, attachment.InstanceId);
        Assert.NotNull((await ec2.Image(image)).LastLaunchedTime);
    }

    [Fact]
    public async Task C008_Every_instance_of_a_launch_has_the_same_bytes()
    {
        var ec2 = server.Ec2();
        var (image, volume) = await server.NewImage("five-of-one");
        var request = Machines.Request(image);
        request.MaxCount = 5;

        var launch = (await ec2.RunInstancesAsync(request, Cancel)).Reservation;

        Assert.Equal([0, 1, 2, 3, 4], launch.Instances.Select(i => i.AmiLaunchIndex));
        Assert.Equal(5, launch.Instances.Select(i => i.PrivateIpAddress).Distinct().Count());
        var wanted = await Disk.Sha256(server, volume);
        foreach (var instance in launch.Instances)
        {
            var running = await ec2.InstanceIs(instance.InstanceId, "running");
            Assert.Equal(wanted, await Disk.Sha256(server, running.VolumeOf("/dev/xvda")));
        }
    }

    [Fact]
    public async Task C006_C016_An_image_of_another_region_or_account_is_not_found()
    {
        var (image, _) = await server.NewImage("mine-alone");

        var elsewhere = await Ec2Waits.Refused("InvalidAMIID.NotFound",
            () => server.Ec2(region: "eu-west-1").Launch(image));
        Assert.Equal($"The image id '[{image}]' does not exist", elsewhere.Message);
        await Ec2Waits.Refused("InvalidAMIID.NotFound", () => server.Ec2(TestServer.B).Launch(image));
        await Ec2Waits.Refused("InvalidAMIID.Malformed", () => server.Ec2().Launch("ami-x"));
        await Ec2Waits.Refused("InvalidAMIID.Malformed", () => server.Ec2().Launch(""));
        await Ec2Waits.Refused("InvalidParameterValue", () => server.Ec2().Launch("resolve:ssm:/an/image"));
    }

    [Fact]
    public async Task C101_C111_A_shared_image_launches_without_a_share_of_its_snapshot()
    {
        var (ours, theirs) = (server.Ec2(), server.Ec2(TestServer.B));
        var (image, volume) = await server.NewImage("for-b");
        await Share(OperationType.Add);

        var running = await theirs.Running(image);
        Assert.Equal(await Disk.Sha256(server, volume), await Disk.Sha256(server, running.VolumeOf("/dev/xvda")));

        await Share(OperationType.Remove);
        await Ec2Waits.Refused("InvalidAMIID.NotFound", () => theirs.Launch(image));
        await theirs.StopInstancesAsync(new StopInstancesRequest([running.InstanceId]), Cancel);
        await theirs.InstanceIs(running.InstanceId, "stopped");
        await theirs.StartInstancesAsync(new StartInstancesRequest([running.InstanceId]), Cancel);
        await theirs.InstanceIs(running.InstanceId, "running");

        Task Share(OperationType what) => ours.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image, Attribute = "launchPermission", OperationType = what, UserIds = [TestServer.B],
        }, Cancel);
    }

    [Fact]
    public async Task C031_An_architecture_that_the_type_has_not_is_refused_with_both_names()
    {
        var (image, _) = await server.NewImage("arm-image", r => r.Architecture = ArchitectureValues.Arm64);

        var refusal = await Ec2Waits.Refused("InvalidParameterValue", () => server.Ec2().Launch(image));

        Assert.StartsWith(
            "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the "
            + "specified AMI.", refusal.Message, StringComparison.Ordinal);
        await server.Ec2().Running(image, r => r.InstanceType = InstanceType.T4gMicro);
    }

    [Fact]
    public async Task C034_C036_A_launch_may_change_the_root_volume_within_bounds()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("root-changes");

        var running = await ec2.Running(image, r => r.BlockDeviceMappings =
        [
            Ebs("/dev/xvda", new EbsBlockDevice { VolumeSize = 3, VolumeType = "gp3", DeleteOnTermination = false }),
            Ebs("/dev/sdf", new EbsBlockDevice { VolumeSize = 2, Encrypted = true }),
        ]);

        var root = await ec2.VolumeIs(running.VolumeOf("/dev/xvda"), "in-use");
        Assert.Equal((3, "gp3", 3000), (root.Size, root.VolumeType.Value, root.Iops));
        Assert.True((await ec2.VolumeIs(running.VolumeOf("/dev/sdf"), "in-use")).Encrypted);
        await Ec2Waits.Refused("BootForVolumeTypeUnsupported", () => ec2.Launch(image, r => r.BlockDeviceMappings =
            [Ebs("/dev/xvda", new EbsBlockDevice { VolumeSize = 125, VolumeType = "st1" })]));
        var neither = await Ec2Waits.Refused("InvalidBlockDeviceMapping", () => ec2.Launch(image,
            r => r.BlockDeviceMappings = [Ebs("/dev/sdf", new EbsBlockDevice { VolumeType = "gp2" })]));
        Assert.Equal("Either snapshot ID or volume size must be provided for: /dev/sdf", neither.Message);
    }

    [Fact]
    public async Task A_token_makes_one_launch_of_two_calls()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("with-token");
        var request = Machines.Request(image);
        request.ClientToken = "once";

        var first = (await ec2.RunInstancesAsync(request, Cancel)).Reservation;
        var again = (await ec2.RunInstancesAsync(request, Cancel)).Reservation;

        Assert.Equal(first.ReservationId, again.ReservationId);
        request.MaxCount = 2;
        await Ec2Waits.Refused("IdempotentParameterMismatch", () => ec2.RunInstancesAsync(request, Cancel));
    }

    [Fact]
    public async Task Tags_go_to_instance_volume_and_interface()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("with-tags");

        var running = await ec2.Running(image, r => r.TagSpecifications =
        [
            .. new[] { "instance", "volume", "network-interface" }.Select(type => new TagSpecification
            {
                ResourceType = type, Tags = [new Tag("kind", type)],
            }),
        ]);

        Assert.Equal("instance", Assert.Single(running.Tags).Value);
        Assert.Equal("volume",
            Assert.Single((await ec2.VolumeIs(running.VolumeOf("/dev/xvda"), "in-use")).Tags).Value);
        var cards = await ec2.DescribeNetworkInterfacesAsync(new DescribeNetworkInterfacesRequest
        {
            Filters = [new Filter("attachment.instance-id", [running.InstanceId])],
        }, Cancel);
        Assert.Equal("network-interface", Assert.Single(cards.NetworkInterfaces.Single().TagSet).Value);
    }

    [Fact]
    public async Task The_interface_form_names_subnet_groups_and_address()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("with-interface");
        var subnet = (await ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest
        {
            Filters = [new Filter("availability-zone", ["us-east-1c"])],
        }, Cancel)).Subnets.Single();
        var group = (await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "for-machines", Description = "d" }, Cancel)).GroupId;
        var card = new InstanceNetworkInterfaceSpecification
        {
            DeviceIndex = 0, SubnetId = subnet.SubnetId, Groups = [group], PrivateIpAddress = "172.31.47.9",
            AssociatePublicIpAddress = false,
        };

        var running = await ec2.Running(image, r => r.NetworkInterfaces = [card]);

        Assert.Equal("172.31.47.9", running.PrivateIpAddress);
        Assert.Null(running.PublicIpAddress);
        Assert.Equal("us-east-1c", running.Placement.AvailabilityZone);
        Assert.Equal(group, Assert.Single(running.SecurityGroups).GroupId);
        await Ec2Waits.Refused("InvalidIPAddress.InUse", () => ec2.Launch(image, r => r.NetworkInterfaces = [card]));
        await Ec2Waits.Refused("DependencyViolation", () => ec2.DeleteSecurityGroupAsync(
            new DeleteSecurityGroupRequest { GroupId = group }, Cancel));
        await ec2.TerminateInstancesAsync(new TerminateInstancesRequest([running.InstanceId]), Cancel);
        await ec2.InstanceIs(running.InstanceId, "terminated");
        await ec2.DeleteSecurityGroupAsync(new DeleteSecurityGroupRequest { GroupId = group }, Cancel);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_by_name()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("refusals");
        Task Refused(string code, Action<RunInstancesRequest> more) =>
            Ec2Waits.Refused(code, () => ec2.Launch(image, more));

        await Refused("InvalidParameterValue", r => r.MinCount = 0);
        await Refused("InvalidParameterValue", r => r.MinCount = 2);
        await Refused("InvalidParameterValue", r => r.InstanceType = "t9.huge");
        await Refused("InvalidKeyPair.NotFound", r => r.KeyName = "nobody");
        await Refused("InvalidSubnetID.NotFound", r => r.SubnetId = "subnet-00000000000000000");
        await Refused("InvalidGroup.NotFound", r => r.SecurityGroupIds = ["sg-00000000000000000"]);
        await Refused("InvalidZone.NotFound", r => r.Placement = new Placement { AvailabilityZone = "us-east-1z" });
        await Refused("InvalidParameterValue", r => r.UserData = "*not base64*");
        await Refused("InvalidParameterValue",
            r => r.UserData = Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('x', (16 * 1024) + 1))));
        await Refused("UnsupportedOperation",
            r => r.LaunchTemplate = new LaunchTemplateSpecification { LaunchTemplateName = "x" });
        await Refused("MissingParameter", r => r.ImageId = null);
        var profile = await Ec2Waits.Refused("InvalidParameterValue", () => ec2.Launch(image,
            r => r.IamInstanceProfile = new IamInstanceProfileSpecification { Name = "no-profile" }));
        Assert.Contains("iamInstanceProfile", profile.Message, StringComparison.Ordinal);
        Assert.Contains("Invalid IAM Instance Profile name", profile.Message, StringComparison.Ordinal);
        var long64 = await Ec2Waits.Refused("InvalidParameterValue", () => ec2.Launch(image,
            r => r.UserData = Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('x', 64 * 1024)))));
        Assert.Equal("User data is limited to 16384 bytes", long64.Message);
        await Ec2Waits.Refused("InvalidParameterCombination", () => ec2.DescribeInstanceStatusAsync(
            new DescribeInstanceStatusRequest { InstanceIds = ["i-00000000000000000"], MaxResults = 5 }, Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rehearsal_refuses_the_volumes_that_the_launch_would(bool rehearsal)
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage($"rehearsal-{rehearsal}");
        var before = await server.WithDb(db => Task.FromResult(db.Volumes.Count()));
        Task Refused(string code, params BlockDeviceMapping[] mappings) =>
            Ec2Waits.Refused(code, () => ec2.Launch(image, r =>
            {
                r.DryRun = rehearsal;
                r.BlockDeviceMappings = [.. mappings];
            }));

        await Refused("UnknownVolumeType", Ebs("/dev/xvda", new EbsBlockDevice { VolumeType = "gp9" }));
        await Refused("MissingParameter", Ebs("/dev/xvda", new EbsBlockDevice { VolumeType = "io1", VolumeSize = 4 }));
        await Refused("InvalidParameterCombination",
            Ebs("/dev/xvda", new EbsBlockDevice { VolumeType = "gp2", Iops = 100 }));
        await Refused("InvalidParameterDependency",
            Ebs("/dev/xvdh", new EbsBlockDevice { VolumeSize = 1, KmsKeyId = "alias/aws/ebs" }));
        await Refused("InvalidParameterValue", Ebs("/dev/xvda", new EbsBlockDevice { VolumeInitializationRate = 99 }));
        await Refused("AttachmentLimitExceeded", [.. Enumerable.Range(0, 40).Select(i =>
            Ebs($"/dev/xvd{(char)('b' + (i / 26))}{(char)('a' + (i % 26))}", new EbsBlockDevice { VolumeSize = 1 }))]);
        var volume = await Ec2Waits.Refused("InvalidParameterCombination", () => ec2.CreateVolumeAsync(
            new CreateVolumeRequest
            {
                AvailabilityZone = "us-east-1a", Size = 1, VolumeType = "gp2", Throughput = 125, DryRun = rehearsal,
            }, Cancel));
        Assert.Contains("throughput", volume.Message, StringComparison.Ordinal);
        Assert.Equal(before, await server.WithDb(db => Task.FromResult(db.Volumes.Count())));
    }

    private static BlockDeviceMapping Ebs(string device, EbsBlockDevice ebs) =>
        new() { DeviceName = device, Ebs = ebs };
}
