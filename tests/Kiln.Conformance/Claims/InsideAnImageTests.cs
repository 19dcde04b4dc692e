using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class InsideAnImageTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C015"), Claim("C027"), Claim("C017"), Claim("C032"), Claim("C033")]
    public async Task C015_C017_C027_The_mapping_names_devices_and_snapshots_and_the_root_is_ebs()
    {
        var image = await World.Describe(await World.Register(await World.Disk(201), data: await World.Disk(202)));

        Assert.Equal("ebs", image.RootDeviceType.Value);
        Assert.Equal("/dev/xvda", image.RootDeviceName);
        Assert.Equal(["/dev/xvda", "/dev/xvdf"], image.BlockDeviceMappings.Select(m => m.DeviceName).Order());
        Assert.All(image.BlockDeviceMappings, m => Assert.Matches("^snap-[0-9a-f]{17}$", m.Ebs.SnapshotId));
    }

    [Fact, Claim("C016"), Claim("C039")]
    public async Task C016_C039_Launch_permissions_decide_who_may_launch()
    {
        var image = await World.Golden(203);
        var request =
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" };

        var refusal = await Code(() => World.Ec2(B).RunInstancesAsync(request, Cancel));
        Assert.True(refusal is "AuthFailure" or "InvalidAMIID.NotFound", refusal);

        await World.Share(image, B);
        await World.Launch(image, B);
        Assert.Contains(await Code(() => World.Ec2(C).RunInstancesAsync(request, Cancel)),
            new[] { "AuthFailure", "InvalidAMIID.NotFound" });
    }

    [Fact, Claim("C020"), Claim("C074")]
    public async Task C020_C074_A_stopped_instance_gives_an_image_with_and_without_the_flag_and_stays_stopped()
    {
        var instance = await World.Launch(await World.Golden(204));
        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "stopped");

        foreach (var noReboot in new[] { true, false })
        {
            var image = await World.ImageOf(instance.InstanceId, noReboot: noReboot);
            Assert.Equal(World.DigestOf(204), await World.Digest((await World.SnapshotsOf(image))[0]));
        }
        Assert.Equal("stopped", (await World.InState(instance.InstanceId, "stopped")).State.Name.Value);
    }

    [Fact, Claim("C021"), Claim("C148")]
    public async Task C021_C148_All_snapshots_of_a_no_reboot_image_share_one_instant()
    {
        var instance = await World.Launch(
            await World.Register(await World.Disk(205), data: [await World.Disk(206), await World.Disk(207)]));

        var image = await World.ImageOf(instance.InstanceId, noReboot: true);

        var snapshots = await Task.WhenAll((await World.SnapshotsOf(image)).Select(s => World.Completed(s)));
        Assert.Equal(3, snapshots.Length);
        Assert.Single(snapshots.Select(s => s.StartTime).Distinct());
    }

    [Fact, Claim("C022")]
    public async Task C022_A_device_left_out_gets_no_snapshot()
    {
        var instance = await World.Launch(await World.Register(await World.Disk(208), data: await World.Disk(209)));

        var image = (await Ec2.CreateImageAsync(new CreateImageRequest
        {
            InstanceId = instance.InstanceId, Name = World.Name("root-only"), NoReboot = true,
            BlockDeviceMappings = [new BlockDeviceMapping { DeviceName = "/dev/xvdf", NoDevice = "" }],
        }, Cancel)).ImageId;

        var made = await World.Available(image);
        Assert.Equal("/dev/xvda", Assert.Single(made.BlockDeviceMappings).DeviceName);
    }

    [Fact, Claim("C024"), Claim("C026")]
    public async Task C024_C026_Ids_are_17_hex_digits_and_8_are_understood()
    {
        Assert.Matches("^ami-[0-9a-f]{17}$", await World.Golden(210));
        Assert.Equal("InvalidAMIID.NotFound", await Code(() => Ec2.DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = ["ami-1234abcd"] }, Cancel)));
        var malformed = await World.Refused(() => Ec2.DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = ["ami-xyz"] }, Cancel));
        Assert.Equal("InvalidAMIID.Malformed", malformed.ErrorCode);
        Assert.Equal("Invalid id: \"ami-xyz\" (expecting \"ami-...\")", malformed.Message);
    }

    [Fact, Claim("C025")]
    public async Task C025_The_metadata_names_architecture_virtualization_kernel_and_mapping()
    {
        var snapshot = await World.Disk(211);
        var id = (await Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("pv"), Architecture = "i386", VirtualizationType = "paravirtual",
            KernelId = "aki-12345678",
            RamdiskId = "ari-12345678", RootDeviceName = "/dev/sda1",
            BlockDeviceMappings = [World.Mapping("/dev/sda1", snapshot)],
        }, Cancel)).ImageId;

        var image = await World.Available(id);
        Assert.Equal("i386", image.Architecture.Value);
        Assert.Equal("paravirtual", image.VirtualizationType.Value);
        Assert.Equal("aki-12345678", image.KernelId);
        Assert.Equal("ari-12345678", image.RamdiskId);
        Assert.Equal(snapshot, image.BlockDeviceMappings[0].Ebs.SnapshotId);
    }
}
