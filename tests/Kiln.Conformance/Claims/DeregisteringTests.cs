using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class DeregisteringTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C092"), Claim("C094"), Claim("C097")]
    public async Task C092_C094_C097_A_deregistered_image_is_unlisted_and_not_launched_and_its_snapshots_stay()
    {
        var image = await World.Golden(801);
        var snapshot = (await World.SnapshotsOf(image))[0];
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);

        var listed = (await Ec2.DescribeImagesAsync(new DescribeImagesRequest { Owners = ["self"] }, Cancel)).Images
            ?? [];
        Assert.DoesNotContain(listed, i => i.ImageId == image);
        Assert.Contains(await Code(() => Ec2.RunInstancesAsync(
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" },
            Cancel)),
            new[] { "InvalidAMIID.Unavailable", "InvalidAMIID.NotFound" });
        Assert.Equal("completed", (await World.Completed(snapshot)).State.Value);
    }

    [Fact, Claim("C095"), Claim("C111")]
    public async Task C095_A_running_instance_survives_image_and_snapshots()
    {
        var image = await World.Golden(802);
        var instance = await World.Launch(image);
        var snapshots = await World.SnapshotsOf(image);
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);
        await Ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = snapshots[0] }, Cancel);

        await Ec2.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "stopped");
        await Ec2.StartInstancesAsync(new StartInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "running");
        Assert.Equal(World.DigestOf(802), await World.VolumeDigest(World.VolumeAt(instance)));
    }

    [Fact, Claim("C096")]
    public async Task C096_A_snapshot_that_another_image_uses_is_skipped()
    {
        var snapshot = await World.Disk(803);
        var first = await World.Register(snapshot);
        var second = await World.Register(snapshot);

        var answer = await Ec2.DeregisterImageAsync(
            new DeregisterImageRequest { ImageId = first, DeleteAssociatedSnapshots = true }, Cancel);

        Assert.Equal("skipped", Assert.Single(answer.DeleteSnapshotResults).ReturnCode.Value);
        Assert.Equal(World.DigestOf(803), await World.VolumeDigest(World.VolumeAt(await World.Launch(second))));
    }

    [Fact, Claim("C097")]
    public async Task C097_Snapshots_go_with_their_image_when_asked()
    {
        var image = await World.Golden(804);
        var snapshot = (await World.SnapshotsOf(image))[0];

        var answer = await Ec2.DeregisterImageAsync(
            new DeregisterImageRequest { ImageId = image, DeleteAssociatedSnapshots = true }, Cancel);

        var result = Assert.Single(answer.DeleteSnapshotResults);
        Assert.Equal(snapshot, result.SnapshotId);
        Assert.Equal("success", result.ReturnCode.Value);
        Assert.Equal("InvalidSnapshot.NotFound", await Code(() => Ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel)));
    }
}
