using System.Text.Json.Nodes;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Cli.Connections;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Snapshots;

public sealed class TimeBasedCopyTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;
    private const string West = "us-west-2";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_time_based_copy_says_so()
    {
        var source = await Source(server, 1, MiB);
        var copy = await Copied(server, source, 15);
        Assert.Equal(("time-based", 15), (copy.TransferType.Value, copy.CompletionDurationMinutes));
        Assert.True(copy.CompletionTime <= copy.StartTime + TimeSpan.FromMinutes(15));
        var found = await server.Ec2(region: West).DescribeSnapshotsAsync(new DescribeSnapshotsRequest
        {
            OwnerIds = ["self"], Filters = [new Filter("transfer-type", ["time-based"])],
        }, Cancel);
        Assert.Contains(found.Snapshots, s => s.SnapshotId == copy.SnapshotId);

        var (image, _) = await server.NewImage("timed");
        var id = (await server.Ec2(region: West).CopyImageAsync(new CopyImageRequest
        {
            Name = "timed", SourceImageId = image, SourceRegion = "us-east-1",
            SnapshotCopyCompletionDurationMinutes = 30,
        }, Cancel)).ImageId;
        var shown = (await server.Ec2(region: West).DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = [id] }, Cancel)).Images.Single();
        var part = await server.Ec2(region: West).SnapshotIs(
            shown.BlockDeviceMappings.Single().Ebs.SnapshotId, "completed");
        Assert.Equal(30, part.CompletionDurationMinutes);
    }

    [Fact]
    public async Task A_time_is_in_steps_of_15_minutes_and_long_enough()
    {
        var source = await Source(server, 2, MiB);
        foreach (var wrong in (int[])[1, 14, 20, 2895])
            await Ec2Waits.Refused("InvalidParameterValue", () => Copy(server, source, wrong));
        await Copied(server, source, 2880);

        // What 500 MiB/s carry in a quarter of an hour, and a bit.
        await SetSize(source, (500L * 900 * MiB) + MiB);
        var refusal = await Ec2Waits.Refused("InvalidParameterValue", () => Copy(server, source, 15));
        Assert.Contains("30 minutes are enough", refusal.Message, StringComparison.Ordinal);
        await Copied(server, source, 30);
    }

    [Fact]
    public async Task Copies_between_two_Regions_share_what_a_pair_may_need()
    {
        await using var slow = new TestServer { Configure = o => o.CopyPairMiBPerSecond = 0 };
        await slow.InitializeAsync();
        var limits = slow.Server.Services.GetRequiredService<CopyLimits>();
        var sources = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            sources.Add(await Source(slow, 10 + i, 2 * MiB));
            await SetSize(sources[i], 500L * 900 * MiB, slow);
        }

        // Asked for at full speed, and then slowed, so that they stay pending.
        limits.EachMiBPerSecond = 500;
        await HoldCopies(slow, limits, async () =>
        {
            foreach (var source in sources.Take(4))
                await Copy(slow, source, 15);
            await Ec2Waits.Refused("ResourceLimitExceeded", () => Copy(slow, sources[4], 15));
            await Ec2Waits.Refused("ResourceLimitExceeded", () => Copy(slow, sources[4], 2880));
        });
    }

    [Fact]
    public async Task A_second_copy_waits_for_the_first_and_moves_nothing()
    {
        await using var slow = new TestServer { Configure = o => o.CopyMiBPerSecond = 1 };
        await slow.InitializeAsync();
        var source = await Source(slow, 3, 6 * MiB);
        var (first, second) = (await Copy(slow, source), await Copy(slow, source));
        using var client = new AwsClient(
            new Connection(new Uri(slow.Server.Url), "us-east-1", TestServer.A, "test"));
        var rows = await TestServer.Eventually(
            async () => (await client.Kiln("ListCopies", [], Cancel))["Copies"]!.AsArray(),
            copies => copies.Count == 2 && (long)copies[0]!["BytesMoved"]! > 0);
        Assert.Equal((first, "running"), ((string)rows[0]!["SnapshotId"]!, (string)rows[0]!["State"]!));
        Assert.Equal((second, "waiting"), ((string)rows[1]!["SnapshotId"]!, (string)rows[1]!["State"]!));

        // The limit is raised under way, and both end.
        var now = await client.Kiln("SetCopyLimits", new JsonObject { ["EachMiBPerSecond"] = 0 }, Cancel);
        Assert.Equal(0, (int)now["EachMiBPerSecond"]!);
        await slow.Ec2(region: West).SnapshotIs(first, "completed");
        await slow.Ec2(region: West).SnapshotIs(second, "completed");
        var moved = await slow.WithDb(db => db.Snapshots.Where(s => s.Id == first || s.Id == second)
            .ToDictionaryAsync(s => s.Id, s => s.TransferredBytes, Cancel));
        Assert.InRange(moved[first], 6 * MiB, 7 * MiB);
        Assert.Equal(0, moved[second]);
    }

    [Fact]
    public async Task Twenty_copies_may_be_under_way()
    {
        await using var slow = new TestServer { Configure = o => o.CopyPairMiBPerSecond = 1 };
        await slow.InitializeAsync();
        var source = await Source(slow, 4, 4 * MiB);
        for (var i = 0; i < 20; i++)
            await Copy(slow, source);
        await Ec2Waits.Refused("ResourceLimitExceeded", () => Copy(slow, source));
        slow.Server.Services.GetRequiredService<CopyLimits>().PairMiBPerSecond = 0;
    }

    private static async Task HoldCopies(TestServer slow, CopyLimits limits, Func<Task> body)
    {
        // The pair's limit is made first, so that it can be lowered after admission.
        var pair = limits.Of("none", "us-east-1", West)[1];
        pair.BytesPerSecond = 1;
        await body();
        pair.BytesPerSecond = 0;
        await TestServer.Eventually(async () => (await slow.Ec2(region: West).DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { OwnerIds = ["self"] }, Cancel)).Snapshots,
            all => all.All(s => s.State.Value == "completed"));
    }

    private static async Task<string> Source(TestServer on, int seed, int count)
    {
        var volume = await on.Ec2().NewVolume();
        await Disk.Write(on, volume, 0, Disk.Bytes(seed, count));
        return (await on.Ec2().NewSnapshot(volume)).SnapshotId;
    }

    // As if it were a large one: what admission reckons with is the row.
    private Task SetSize(string snapshot, long bytes, TestServer? on = null) => (on ?? server).WithDb(
        db => db.Snapshots.Where(s => s.Id == snapshot).ExecuteUpdateAsync(
            set => set.SetProperty(s => s.FullSizeBytes, bytes), Cancel));

    private static async Task<string> Copy(TestServer on, string source, int? minutes = null) =>
        (await on.Ec2(region: West).CopySnapshotAsync(new CopySnapshotRequest
        {
            SourceRegion = "us-east-1", SourceSnapshotId = source, CompletionDurationMinutes = minutes,
        }, Cancel)).SnapshotId;

    private static async Task<Snapshot> Copied(TestServer on, string source, int minutes) =>
        await on.Ec2(region: West).SnapshotIs(await Copy(on, source, minutes), "completed");
}
