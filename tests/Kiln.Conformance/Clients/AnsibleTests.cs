using System.Text.Json;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Clients;

/// <summary>Debian's Ansible takes an image through its life; what is as wanted, it leaves alone.</summary>
public sealed class AnsibleTests(World world)
{
    // An account of its own: what is left behind is seen by listing everything.
    private const string Account = "555500000001", Stem = "robot", R1 = KilnProcess.R1, R2 = KilnProcess.R2;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Makes_everything_once_changes_it_and_removes_it()
    {
        Assert.SkipUnless(Command.Exists("ansible-playbook"), "Ansible is not installed (Debian's package ansible).");
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/boto3"),
            "Ansible's modules need Debian's package python3-boto3.");
        var source = await world.Golden(21, Account);
        var name = (await world.Describe(source, Account)).Name;

        Assert.NotEqual(0, await Play("ansible-present.yml", name));
        var image = await Own(Account, R1, Stem);
        Assert.Equal("made, described and shared by Ansible", image.Description);
        Assert.Equal([("Made", "by-ansible"), ("Role", "web")], Pairs(image.Tags));
        var root = Assert.Single(image.BlockDeviceMappings).Ebs.SnapshotId;
        Assert.Equal(World.DigestOf(21), await world.Digest(root, Account));
        Assert.Equal(
            2, Assert.Single((await Own(Account, R1, Stem + "-registered")).BlockDeviceMappings).Ebs.VolumeSize);
        var copy = await Own(Account, R2, Stem);
        Assert.True(Assert.Single(copy.BlockDeviceMappings).Ebs.Encrypted);
        Assert.Equal([("Role", "web-copy")], Pairs(copy.Tags));

        Assert.Equal(0, await Play("ansible-present.yml", name));

        Assert.NotEqual(0, await Play("ansible-life.yml", name));

        Assert.NotEqual(0, await Play("ansible-absent.yml", name));
        await NothingBut(source);
        Assert.Equal(0, await Play("ansible-absent.yml", name));
    }

    /// <summary>Runs a playbook; answers how many tasks changed something.</summary>
    private async Task<int> Play(string playbook, string source)
    {
        var variables = world.Kiln.Variables(Account, R1);
        variables["AWS_URL"] = world.Kiln.Url;
        variables["HOME"] = world.Kiln.Folder;
        variables["ANSIBLE_STDOUT_CALLBACK"] = "json";
        variables["ANSIBLE_NOCOLOR"] = "1";
        var outcome = await Command.Run("ansible-playbook",
            [
                // The tool's own Python, for which Debian has boto3: another one may be first on the path.
                "-i", "localhost,", "-e", "ansible_python_interpreter=/usr/bin/python3",
                "-e", $"endpoint={world.Kiln.Url}", "-e", $"region={R1}", "-e", $"second_region={R2}",
                "-e", $"stem={Stem}", "-e", $"base={source}",
                Path.Combine(AppContext.BaseDirectory, "Clients", "Inputs", playbook),
            ], variables, world.Kiln.Folder);
        Assert.True(outcome.ExitCode == 0, $"{playbook}: {outcome.Errors}{Failures(outcome.Output)}");
        return Report(outcome.Output).GetProperty("stats").GetProperty("localhost").GetProperty("changed").GetInt32();
    }

    private static JsonElement Report(string output) =>
        JsonDocument.Parse(output[Math.Max(0, output.IndexOf('{', StringComparison.Ordinal))..]).RootElement;

    private static string Failures(string output) => output.Contains('{', StringComparison.Ordinal)
        ? string.Join('\n', Report(output).GetProperty("plays").EnumerateArray()
            .SelectMany(p => p.GetProperty("tasks").EnumerateArray())
            .SelectMany(t => t.GetProperty("hosts").EnumerateObject())
            .Where(h => h.Value.TryGetProperty("failed", out var failed) && failed.GetBoolean())
            .Select(h => h.Value.GetRawText()))
        : output;

    private async Task<Image> Own(string account, string region, string name) => Assert.Single(
        (await world.Ec2(account, region).DescribeImagesAsync(new DescribeImagesRequest
        {
            Owners = ["self"], Filters = [new Filter("name", [name])],
        }, Cancel)).Images);

    private async Task NothingBut(string source)
    {
        foreach (var region in new[] { R1, R2 })
        {
            var client = world.Ec2(Account, region);
            var images = (
                await client.DescribeImagesAsync(new DescribeImagesRequest { Owners = ["self"] }, Cancel)).Images ?? [];
            Assert.Equal(region == R1 ? [source] : [], images.Select(i => i.ImageId));
            Assert.Equal(images.SelectMany(i => i.BlockDeviceMappings).Select(m => m.Ebs.SnapshotId),
                ((await client.DescribeSnapshotsAsync(
                    new DescribeSnapshotsRequest { OwnerIds = ["self"] }, Cancel)).Snapshots ?? [])
                .Select(s => s.SnapshotId));
            Assert.All((await client.DescribeInstancesAsync(new DescribeInstancesRequest(), Cancel)).Reservations ?? [],
                r => Assert.Equal("terminated", r.Instances[0].State.Name.Value));
            Assert.Empty((await client.DescribeVolumesAsync(new DescribeVolumesRequest(), Cancel)).Volumes ?? []);
            Assert.Empty((await client.DescribeKeyPairsAsync(new DescribeKeyPairsRequest(), Cancel)).KeyPairs ?? []);
            Assert.Equal("default", Assert.Single((await client.DescribeSecurityGroupsAsync(
                new DescribeSecurityGroupsRequest(), Cancel)).SecurityGroups).GroupName);
        }
    }

    private static IEnumerable<(string, string)> Pairs(IEnumerable<Tag> tags) =>
        tags.Select(t => (t.Key, t.Value)).OrderBy(t => t.Key, StringComparer.Ordinal);
}
