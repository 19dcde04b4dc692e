using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;
using Kiln.Service.Ec2.Instances.Guests.Networks;

namespace Kiln.Conformance.Guests;

/// <summary>Debian's Packer logs in to a machine, changes it or builds a disk beside it, and the images boot.</summary>
[Collection("guests")]
public sealed class PackerTests(GuestWorld guests)
{
    private const string Account = "444400000005", R1 = KilnProcess.R1, R2 = KilnProcess.R2;

    // Two machines boot at once, and are shut down again; a minute on an idle host.
    private static readonly TimeSpan BuildMax = TimeSpan.FromMinutes(15);

    private World World => guests.World;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bakes_a_machine_from_inside_and_a_disk_from_beside_and_both_boot()
    {
        Assert.SkipUnless(Command.Exists("packer"), "Packer is not installed (Debian's package packer).");
        await guests.Ready();
        await World.Share(guests.Image, Account);
        var (key, secondKey) = (await Key(R1), await Key(R2));
        await Build(key, secondKey);

        var (inside, copy, beside) = (await Made("inside", R1), await Made("inside", R2), await Made("beside", R1));
        foreach (var (image, region, expected) in new[] { (inside, R1, key), (copy, R2, secondKey) })
        {
            Assert.Equal("inside", Assert.Single(image.Tags, t => t.Key == "Role").Value);
            var root = Assert.Single(image.BlockDeviceMappings).Ebs.SnapshotId;
            var snapshot = await World.Completed(root, Account, region);
            Assert.Equal((true, expected), (snapshot.Encrypted, snapshot.KmsKeyId));
            var permissions = await World.Ec2(Account, region).DescribeImageAttributeAsync(
                new DescribeImageAttributeRequest { ImageId = image.ImageId, Attribute = "launchPermission" }, Cancel);
            Assert.Equal(KilnProcess.B, Assert.Single(permissions.ImageAttribute.LaunchPermissions).UserId);
        }
        Assert.Equal("beside", Assert.Single(beside.Tags, t => t.Key == "Role").Value);

        await Task.WhenAll(
            Says(copy, R2, "brought by Packer\nbaked by amazon-ebs"),
            Says(beside, R1, "baked by amazon-ebssurrogate"));
        foreach (var region in new[] { R1, R2 })
        {
            // The machines of the builds, and ours, are gone.
            await World.Eventually(
                async () => (await World.Ec2(Account, region).DescribeVolumesAsync(
                    new DescribeVolumesRequest(), Cancel)).Volumes ?? [],
                volumes => volumes.Count == 0);
        }
    }

    private async Task Build(string key, string secondKey)
    {
        var words = Path.Combine(World.Kiln.Folder, "words");
        await File.WriteAllTextAsync(words, "brought by Packer\n", Cancel);
        var environment = World.Kiln.Variables(Account, R1);
        environment["AWS_POLL_DELAY_SECONDS"] = "1";
        environment["AWS_MAX_ATTEMPTS"] = "300";
        environment["CHECKPOINT_DISABLE"] = "1";
        environment["HOME"] = World.Kiln.Folder;
        var outcome = await Command.Run("packer",
            [
                "build", "-color=false", "-var", $"endpoint={World.Kiln.Url}", "-var", $"base={guests.Image}",
                "-var", $"port={GuestPort.OnHost}", "-var", $"key={key}", "-var", $"second_key={secondKey}",
                "-var", $"words={words}",
                Path.Combine(AppContext.BaseDirectory, "Clients", "Inputs", "packer-guests.json"),
            ], environment, World.Kiln.Folder, BuildMax);
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Errors);
    }

    /// <summary>Boots an image and reads what its build left in it.</summary>
    private async Task Says(Image image, string region, string words)
    {
        var machine = (await guests.Boot(image.ImageId, Account, region: region)).InstanceId;
        Assert.Equal(words, await guests.Run(machine, "cat /root/words"));
        await World.Ec2(Account, region).TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [machine] }, Cancel);
        await World.InState(machine, "terminated", Account, region);
    }

    private async Task<string> Key(string region) =>
        (await World.Kms(Account, region).CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;

    private async Task<Image> Made(string name, string region) => Assert.Single(
        (await World.Ec2(Account, region).DescribeImagesAsync(new DescribeImagesRequest
        {
            Owners = ["self"], Filters = [new Filter("name", [name])],
        }, Cancel)).Images);
}
