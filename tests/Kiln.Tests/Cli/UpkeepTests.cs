using System.Text.Json.Nodes;
using Amazon.EC2.Model;
using Kiln.Blocks;
using Kiln.Cli;
using Kiln.Cli.Connections;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Ebs;
using Kiln.Tests.Ec2;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Cli;

/// <summary>Collection, scrub, check and repair over signed HTTP, on real blocks.</summary>
public sealed class UpkeepTests : IAsyncLifetime
{
    private readonly TestServer _server = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_dry_run_says_what_a_collection_then_frees()
    {
        using var root = Client();
        using var ebs = new EbsClient(_server);
        var kept = await ebs.Make(Blocks(1, 4));
        var dropped = await ebs.Make(Blocks(100, 9));
        await _server.Ec2().DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = dropped }, Cancel);

        var young = await Collect(root, dryRun: true);
        await _server.Advance(TimeSpan.FromMinutes(6));
        var dry = await Collect(root, dryRun: true);
        var real = await Collect(root, dryRun: false);

        Assert.Equal((0, 1), ((int)young["DeadManifests"]!, (int)young["YoungManifests"]!));
        Assert.Equal(10, (long)dry["DeadRecords"]!);
        Assert.Equal(5, (long)dry["LiveRecords"]!);
        Assert.True((long)dry["FreedBytes"]! > 0);
        // The row's own pass may have come first; what it trashed is in the trash either way.
        Assert.True((long)real["DeadRecords"]! is 10 or 0);
        var refused = await Assert.ThrowsAsync<CallException>(() => root.Kiln(
            "CollectGarbage", new JsonObject { ["Region"] = "us-east-1", ["Ticket"] = 999 }, Cancel));
        Assert.Equal("ValidationException", refused.Code);
        await _server.Ec2().SnapshotIs(kept, "completed");
        Assert.Empty((await Check(root))["Problems"]!.AsArray());
    }

    [Fact]
    public async Task Damage_is_found_repaired_from_another_Region_and_the_exit_code_says_so()
    {
        using var root = Client();
        using var ebs = new EbsClient(_server);
        var snapshot = await ebs.Make(Blocks(1, 3));
        var lost = await ebs.Make(Blocks(50, 1));
        var west = _server.Ec2(region: "eu-west-1");
        var copy = (await west.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = snapshot }, Cancel)).SnapshotId;
        await west.SnapshotIs(copy, "completed");
        Damage(EbsClient.Block(2));
        Damage(EbsClient.Block(50));

        var (found, foundText) = await CliRun.Of(_server, "check", "--read-data", "--only-region", "us-east-1");
        var file = Path.Combine(_server.DataFolder, "report.json");
        var (repaired, text) = await CliRun.Of(
            _server, "check", "--read-data", "--repair", "--only-region", "us-east-1", "--json", file);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!;
        var after = await Check(root);

        Assert.Equal(ExitCodes.Damaged, found);
        Assert.Contains("2 problems. Damaged blocks are never served.", foundText, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Damaged, repaired);
        Assert.Contains("1 problems were repaired from intact copies.", text, StringComparison.Ordinal);
        Assert.Contains("1 damaged blocks have no second copy", text, StringComparison.Ordinal);
        Assert.False((bool)report["Ok"]!);
        Assert.Equal(lost, (string)Assert.Single(after["Problems"]!.AsArray())!["ResourceId"]!);
    }

    [Fact]
    public async Task A_scrub_comes_when_it_is_due_and_repairs_by_itself()
    {
        using var root = Client();
        using var ebs = new EbsClient(_server);
        var snapshot = await ebs.Make(Blocks(1, 3));
        var west = _server.Ec2(region: "eu-west-1");
        var copy = (await west.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = snapshot }, Cancel)).SnapshotId;
        await west.SnapshotIs(copy, "completed");
        Damage(EbsClient.Block(3));
        var rows = await TestServer.Eventually(
            () => root.Kiln("ListWork", new JsonObject { ["Kind"] = "scrub" }, Cancel), w => (int)w["Total"]! == 2);

        await _server.Advance(TimeSpan.FromDays(15));
        var upkeep = await TestServer.Eventually(
            () => root.Kiln("DescribeUpkeep", new JsonObject { ["Region"] = "us-east-1" }, Cancel),
            u => u["ScrubbedAt"] is not null);

        Assert.All(rows["Work"]!.AsArray(), w => Assert.Equal("scrub", (string)w!["Kind"]!));
        Assert.Equal((1, 1, 0), (
            (int)upkeep["ScrubProblems"]!, (int)upkeep["ScrubRepaired"]!, (int)upkeep["Quarantined"]!));
        Assert.Empty((await Check(root))["Problems"]!.AsArray());
    }

    private static Dictionary<int, byte[]> Blocks(int first, int count) =>
        Enumerable.Range(0, count).ToDictionary(i => i, i => EbsClient.Block(first + i));

    private static async Task<JsonNode> Collect(AwsClient client, bool dryRun)
    {
        var request = new JsonObject { ["Region"] = "us-east-1", ["Preview"] = dryRun };
        request["Ticket"] = (long)(await client.Kiln("CollectGarbage", request, Cancel))["Ticket"]!;
        var answer = await TestServer.Eventually(
            () => client.Kiln("CollectGarbage", request, Cancel), a => a["Report"] is not null);
        return answer["Report"]!;
    }

    private static Task<JsonNode> Check(AwsClient client) => client.Kiln(
        "CheckStores", new JsonObject { ["Region"] = "us-east-1", ["ReadData"] = true }, Cancel);

    private BlockStore Store() => _server.Server.Services.GetRequiredService<RegionStores>().Of("us-east-1");

    private void Damage(byte[] block) => Ec2.Disk.Damage(_server, block);

    private AwsClient Client() => new(new Connection(new Uri(_server.Server.Url), "us-east-1", "test", "test"));
}
