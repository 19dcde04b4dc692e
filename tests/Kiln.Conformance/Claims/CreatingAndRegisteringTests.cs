using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class CreatingAndRegisteringTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C075")]
    public async Task C075_What_was_not_written_to_the_volume_is_not_in_a_no_reboot_image()
    {
        var instance = await World.Launch(await World.Golden(501));
        var image = await World.ImageOf(instance.InstanceId, noReboot: true);
        // The guest is simulated and has nothing in its caches: the image is the volume, byte for byte.
        Assert.Equal(World.DigestOf(501), await World.Digest((await World.SnapshotsOf(image))[0]));
        Assert.Equal("running", (await World.InState(instance.InstanceId, "running")).State.Name.Value);
    }

    [Fact, Claim("C076")]
    public async Task C076_Any_snapshot_can_be_registered_and_the_mapping_must_hold_the_root()
    {
        var volume = (await Ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = "us-east-1a", SnapshotId = await World.Disk(502), VolumeType = "gp3",
        }, Cancel)).Volume.VolumeId;
        await VolumeIs(volume, "available");
        var backup = (await Ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume, Description = "backup" }, Cancel)).Snapshot.SnapshotId;
        await World.Completed(backup);
        await World.Launch(await World.Register(backup));

        Assert.Equal("InvalidBlockDeviceMapping", await Code(() => Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("rootless"), RootDeviceName = "/dev/sda1",
            BlockDeviceMappings = [World.Mapping("/dev/xvda", backup)],
        }, Cancel)));
    }

    [Fact, Claim("C077")]
    public async Task C077_Omitted_attributes_come_from_the_snapshots_origin_or_are_AWSs_defaults()
    {
        var snapshot = await World.Disk(503);
        var plain = await World.Available((await Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("unknown"), RootDeviceName = "/dev/xvda",
            BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
        }, Cancel)).ImageId);
        Assert.Equal("i386", plain.Architecture.Value);
        Assert.Equal("paravirtual", plain.VirtualizationType.Value);

        var arm = (await Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("arm"), Architecture = "arm64", VirtualizationType = "hvm", EnaSupport = true,
            RootDeviceName = "/dev/xvda",
            BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
        }, Cancel)).ImageId;
        await World.Available(arm);
        var instance = await World.Launch(arm, more: r => r.InstanceType = "t4g.micro");
        var made = await World.ImageOf(instance.InstanceId);
        var again = await World.Available((await Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("rebuilt"), RootDeviceName = "/dev/xvda",
            BlockDeviceMappings = [World.Mapping("/dev/xvda", (await World.SnapshotsOf(made))[0])],
        }, Cancel)).ImageId);
        Assert.Equal("arm64", again.Architecture.Value);
        Assert.Equal("hvm", again.VirtualizationType.Value);
    }

    [Fact, Claim("C077b")]
    public async Task C077b_A_machine_is_rebuilt_from_the_root_snapshot_of_a_deregistered_image()
    {
        var image = await World.Golden(504);
        var snapshot = (await World.SnapshotsOf(image))[0];
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);

        var rebuilt = await World.Launch(await World.Register(snapshot));

        Assert.Equal(World.DigestOf(504), await World.VolumeDigest(World.VolumeAt(rebuilt)));
    }
}
