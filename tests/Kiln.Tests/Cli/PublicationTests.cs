using Amazon.EC2.Model;
using Kiln.Cli.Connections;
using Kiln.Cli.Images;
using Kiln.Cli.Output;
using Kiln.Tests.Fixtures;
using Kiln.Tests.Ssm;

namespace Kiln.Tests.Cli;

/// <summary>Starter images come, are made good after a run that was killed, and go.</summary>
public sealed class PublicationTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private const string Region = "us-east-1", Kiln = "000000005456", Parameter = "/kiln/images/tiny/x86_64";
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-publication-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_left_undone_is_done_and_older_ones_retire()
    {
        var first = await Publish(1);
        // As a run leaves it that was killed between registering and sharing.
        await server.Ec2(Kiln).ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = first,
            LaunchPermission = new LaunchPermissionModifications { Remove = [new() { Group = "all" }] },
        }, Cancel);
        await server.Ssm(Kiln).DeleteParameterAsync(new() { Name = Parameter }, Cancel);
        Assert.Equal(first, await Publish(1));
        Assert.Equal(first, await Named());
        Assert.Equal([first], (await Found()).Select(i => i.ImageId));

        var second = await Publish(2);
        Assert.Equal(second, await Named());
        var found = await Found();
        Assert.Equal(new HashSet<string> { first, second }, [.. found.Select(i => i.ImageId)]);
        var (one, two) = (found.Single(i => i.ImageId == first), found.Single(i => i.ImageId == second));
        Assert.NotEqual(one.Name, two.Name);
        Assert.Equal(30, (Time(one.DeprecationTime) - Time(two.CreationDate)).TotalDays, tolerance: 0.1);
        Assert.True(Time(two.DeprecationTime) > Time(one.DeprecationTime));
        await Publish(2);
        Assert.Equal(one.DeprecationTime, (await Found()).Single(i => i.ImageId == first).DeprecationTime);

        var third = await Publish(3);
        Assert.Equal(new HashSet<string> { second, third }, [.. (await Found()).Select(i => i.ImageId)]);
        var gone = one.BlockDeviceMappings.Single().Ebs.SnapshotId;
        Assert.DoesNotContain((await server.Ec2(Kiln).DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { OwnerIds = ["self"] }, Cancel)).Snapshots, s => s.SnapshotId == gone);
        await server.Advance(TimeSpan.FromDays(31));
        Assert.Equal([third], (await Found()).Select(i => i.ImageId));
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string> Publish(int bytes)
    {
        var disk = Path.Combine(_folder, "disk.raw");
        var content = new byte[1 << 20];
        new Random(bytes).NextBytes(content);
        await File.WriteAllBytesAsync(disk, content, Cancel);
        using var client = new AwsClient(new Connection(new Uri(server.Server.Url), Region, "test", "test"));
        var made = await new Publication(
            client, new Screen(TextWriter.Null, TextWriter.Null, terminal: false, color: false), TimeProvider.System)
            .Publish(Recipe.Tiny, "amd64", disk, [Region], Cancel);
        return made.Single().ImageId;
    }

    /// <summary>What a stranger finds.</summary>
    private async Task<List<Image>> Found() => (await server.Ec2(TestServer.B).DescribeImagesAsync(
        new DescribeImagesRequest { Owners = ["kiln"] }, Cancel)).Images;

    private async Task<string> Named() => (await server.Ssm(TestServer.B).GetParameterAsync(
        new() { Name = Parameter }, Cancel)).Parameter.Value;

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
