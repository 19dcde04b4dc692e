using System.Globalization;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;
using Tag = Amazon.EC2.Model.Tag;

namespace Kiln.Conformance.Clients;

/// <summary>Debian's Packer builds images: what it makes is whole, and nothing else is left.</summary>
public sealed class PackerTests(World world)
{
    private const string R1 = KilnProcess.R1, R2 = KilnProcess.R2;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Builds_copies_describes_tags_and_shares_an_image_and_replaces_it_by_the_next_build()
    {
        // An account of its own: what is left behind is seen by listing everything.
        const string Account = "444400000001";
        var older = await Base(1, Account);
        // Packer's most_recent compares whole seconds.
        var made = (await world.Describe(older, Account)).CreationDate;
        await World.Eventually(() => Task.FromResult(TimeProvider.System.GetUtcNow()),
            now => now > DateTimeOffset.Parse(made, CultureInfo.InvariantCulture).AddSeconds(1));
        var newer = await Base(2, Account);
        Assert.NotEqual(older, newer);

        await Build("packer.json", Account, ("name", "web"));
        var (first, firstCopy) = (await Own("web", Account, R1), await Own("web", Account, R2));
        foreach (var (image, region) in new[] { (first, R1), (firstCopy, R2) })
        {
            Assert.Equal("available", image.State.Value);
            Assert.Equal("made by Packer", image.Description);
            Assert.Equal([("Base", newer), ("Role", "web")], Pairs(image.Tags));
            var permissions = await world.Ec2(Account, region).DescribeImageAttributeAsync(
                new DescribeImageAttributeRequest { ImageId = image.ImageId, Attribute = "launchPermission" }, Cancel);
            Assert.Equal("222222222222", Assert.Single(permissions.ImageAttribute.LaunchPermissions).UserId);
            var snapshot = Assert.Single(image.BlockDeviceMappings).Ebs.SnapshotId;
            await IsSharedSnapshot(snapshot, ("Base", newer), Account, region);
            Assert.Equal(World.DigestOf(2), await world.Digest(snapshot, Account, region));
        }

        await Build("packer.json", Account, ("name", "web"));
        var (second, secondCopy) = (await Own("web", Account, R1), await Own("web", Account, R2));
        Assert.NotEqual(first.ImageId, second.ImageId);
        Assert.NotEqual(firstCopy.ImageId, secondCopy.ImageId);
        await NothingElse(Account, R1, older, newer, second.ImageId);
        await NothingElse(Account, R2, secondCopy.ImageId);
    }

    [Fact]
    public async Task Encrypts_with_a_key_of_each_Region()
    {
        const string Account = "444400000002";
        var source = await Base(3, Account);
        var key = await Key(Account, R1);
        var secondKey = await Key(Account, R2);

        await Build("packer-encrypted.json", Account, ("name", "vault"), ("key", key), ("second_key", secondKey));
        var (image, copy) = (await Own("vault", Account, R1), await Own("vault", Account, R2));
        foreach (var (made, region, expected) in new[] { (image, R1, key), (copy, R2, secondKey) })
        {
            Assert.Equal(2, made.BlockDeviceMappings.Count);
            Assert.All(made.BlockDeviceMappings, m => Assert.True(m.Ebs.Encrypted));
            foreach (var mapping in made.BlockDeviceMappings)
                Assert.Equal(expected, (await world.Completed(mapping.Ebs.SnapshotId, Account, region)).KmsKeyId);
            var root = made.BlockDeviceMappings.Single(m => m.DeviceName == made.RootDeviceName).Ebs.SnapshotId;
            Assert.Equal(World.DigestOf(3), await world.Digest(root, Account, region));
        }
        // The plain image in between is gone, with its snapshots.
        await NothingElse(Account, R1, source, image.ImageId);
        await NothingElse(Account, R2, copy.ImageId);
    }

    [Fact]
    public async Task Registers_a_disk_of_a_helper_and_makes_volumes()
    {
        const string Account = "444400000003";
        var source = await Base(4, Account);

        await Build("packer-disks.json", Account, ("name", "surrogate"));
        var image = await Own("surrogate", Account, R1);
        Assert.Equal("/dev/xvda", image.RootDeviceName);
        Assert.Equal(2, Assert.Single(image.BlockDeviceMappings).Ebs.VolumeSize);
        Assert.True(image.EnaSupport);
        var volume = Assert.Single(
            (await world.Ec2(Account).DescribeVolumesAsync(new DescribeVolumesRequest(), Cancel)).Volumes);
        Assert.Equal("available", volume.State.Value);
        Assert.Equal([("Of", "surrogate")], Pairs(volume.Tags));
        await world.Ec2(Account).DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume.VolumeId }, Cancel);
        await World.Eventually(
            async () =>
                (await world.Ec2(Account).DescribeVolumesAsync(new DescribeVolumesRequest(), Cancel)).Volumes ?? [],
            volumes => volumes.Count == 0);
        await NothingElse(Account, R1, source, image.ImageId);
    }

    private async Task Build(string template, string account, params (string Name, string Value)[] variables)
    {
        Assert.SkipUnless(Command.Exists("packer"), "Packer is not installed (Debian's package packer).");
        var environment = world.Kiln.Variables(account, R1);
        environment["AWS_POLL_DELAY_SECONDS"] = "1";
        environment["AWS_MAX_ATTEMPTS"] = "120";
        environment["CHECKPOINT_DISABLE"] = "1";
        environment["HOME"] = world.Kiln.Folder;
        var outcome = await Command.Run("packer",
            [
                "build", "-color=false", "-var", $"endpoint={world.Kiln.Url}", "-var", "base=base-*",
                .. variables.SelectMany(v => new[] { "-var", $"{v.Name}={v.Value}" }),
                Path.Combine(AppContext.BaseDirectory, "Clients", "Inputs", template),
            ], environment, world.Kiln.Folder);
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Errors);
    }

    private async Task<string> Base(int seed, string account) =>
        (await world.Ec2(account).RegisterImageAsync(new RegisterImageRequest
        {
            Name = world.Name("base"), Architecture = "x86_64", VirtualizationType = "hvm", EnaSupport = true,
            RootDeviceName = "/dev/xvda",
                BlockDeviceMappings = [World.Mapping("/dev/xvda", await world.Disk(seed, account))],
        }, Cancel)).ImageId;

    private async Task<string> Key(string account, string region) =>
        (await world.Kms(account, region).CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;

    private async Task<Image> Own(string name, string account, string region) => Assert.Single(
        (await world.Ec2(account, region).DescribeImagesAsync(new DescribeImagesRequest
        {
            Owners = ["self"], Filters = [new Filter("name", [name])],
        }, Cancel)).Images);

    private async Task IsSharedSnapshot(string snapshot, (string, string) tag, string account, string region)
    {
        var client = world.Ec2(account, region);
        Assert.Equal([tag, ("Role", "web-disk")], Pairs((await world.Completed(snapshot, account, region)).Tags));
        var permissions = await client.DescribeSnapshotAttributeAsync(new DescribeSnapshotAttributeRequest
        {
            SnapshotId = snapshot, Attribute = "createVolumePermission",
        }, Cancel);
        Assert.Equal("222222222222", Assert.Single(permissions.CreateVolumePermissions).UserId);
    }

    /// <summary>The account has these images and their snapshots here, and nothing that a build needed.</summary>
    private async Task NothingElse(string account, string region, params string[] images)
    {
        var client = world.Ec2(account, region);
        var left = (await client.DescribeImagesAsync(new DescribeImagesRequest { Owners = ["self"] }, Cancel)).Images;
        Assert.Equal(images.Order(StringComparer.Ordinal), left.Select(i => i.ImageId).Order(StringComparer.Ordinal));
        Assert.Equal(
            left.SelectMany(i => i.BlockDeviceMappings).Select(m => m.Ebs.SnapshotId).Order(StringComparer.Ordinal),
            (await client.DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { OwnerIds = ["self"] }, Cancel)).Snapshots
                .Select(s => s.SnapshotId).Order(StringComparer.Ordinal));
        Assert.All((await client.DescribeInstancesAsync(new DescribeInstancesRequest(), Cancel)).Reservations ?? [],
            r => Assert.Equal("terminated", r.Instances[0].State.Name.Value));
        Assert.Empty((await client.DescribeVolumesAsync(new DescribeVolumesRequest(), Cancel)).Volumes ?? []);
        Assert.Empty((await client.DescribeKeyPairsAsync(new DescribeKeyPairsRequest(), Cancel)).KeyPairs ?? []);
        Assert.Equal("default", Assert.Single((await client.DescribeSecurityGroupsAsync(
            new DescribeSecurityGroupsRequest(), Cancel)).SecurityGroups).GroupName);
    }

    private static IEnumerable<(string, string)> Pairs(IEnumerable<Tag> tags) =>
        tags.Select(t => (t.Key, t.Value)).OrderBy(t => t.Key, StringComparer.Ordinal);
}
