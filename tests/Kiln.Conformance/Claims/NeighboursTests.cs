using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class NeighboursTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C133")]
    public async Task C133_The_second_image_of_a_machine_stores_next_to_nothing()
    {
        var ec2 = World.Ec2(C);
        var blocks = Enumerable.Range(0, 40).ToList();
        var instance = await World.Launch(await World.Register(await World.Disk(1101, C, blocks: blocks), C), C);
        await World.ImageOf(instance.InstanceId, C);
        var before = await Listing(ec2, C);

        var second = await World.ImageOf(instance.InstanceId, C);

        Assert.Equal(World.DigestOf(1101, blocks), await World.Digest((await World.SnapshotsOf(second, C))[0], C));
        Assert.Equal(before, await Listing(ec2, C));
    }

    [Fact, Claim("C135")]
    public async Task C135_A_disabled_key_stops_launches_until_it_is_enabled_again()
    {
        var kms = World.Kms();
        var key = (await kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var image = await World.Register(await World.Disk(1102, encrypted: true, key: key));
        await kms.DisableKeyAsync(new DisableKeyRequest { KeyId = key }, Cancel);

        var started = (await Ec2.RunInstancesAsync(
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" },
            Cancel)).Reservation.Instances[0];
        Assert.Equal("Client.InternalError", (await World.InState(started.InstanceId, "terminated")).StateReason.Code);

        await kms.EnableKeyAsync(new EnableKeyRequest { KeyId = key }, Cancel);
        var healed = await World.Launch(image);
        Assert.Equal(World.DigestOf(1102), await World.VolumeDigest(World.VolumeAt(healed)));
    }

    [Fact, Claim("C146")]
    public async Task C146_The_root_device_type_cannot_be_changed()
    {
        var image = await World.Golden(1103);
        var refused = await World.Kiln.Aws().Run(
            "ec2", "modify-image-attribute", "--image-id", image, "--attribute", "rootDeviceType", "--value",
            "instance-store");
        Assert.Equal("InvalidParameterValue", refused.ErrorCode);
        Assert.Equal("ebs", (await World.Describe(image)).RootDeviceType.Value);
    }

    /// <summary>Bytes of the Region's segments: what is stored of blocks.</summary>
    private async Task<long> Listing(Amazon.EC2.AmazonEC2Client ec2, string account)
    {
        await ec2.DescribeSnapshotsAsync(new DescribeSnapshotsRequest { OwnerIds = [account] }, Cancel);
        return Directory.EnumerateFiles(
            Path.Combine(World.Kiln.DataFolder, R1, "blocks"), "*", SearchOption.AllDirectories)
            .Where(f => f.Contains("segment", StringComparison.Ordinal)).Sum(f => new FileInfo(f).Length);
    }
}
