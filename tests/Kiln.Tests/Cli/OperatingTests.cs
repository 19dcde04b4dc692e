using System.Text.Json.Nodes;
using Kiln.Cli;
using Kiln.Cli.Connections;
using Kiln.Cli.Operating;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Cli;

/// <summary>Kiln's own service over signed HTTP, as the verbs use it.</summary>
public sealed class OperatingTests : IAsyncLifetime
{
    private readonly TestServer _server = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    [Fact]
    public async Task Accounts_are_made_and_listed_and_only_the_operator_makes_them()
    {
        using var root = Client("999999999999", "test");
        var made = await root.Kiln("CreateAccount", new JsonObject { ["Name"] = "research" }, Cancel);
        using var research = Client((string)made["AccessKeyId"]!, (string)made["SecretAccessKey"]!);

        var listed = await root.Kiln("ListAccounts", [], Cancel);
        var again = await Assert.ThrowsAsync<CallException>(() => root.Kiln("CreateAccount",
            new JsonObject { ["Name"] = "x", ["AccountId"] = (string)made["AccountId"]! }, Cancel));

        Assert.Contains(listed["Accounts"]!.AsArray(), a => (string)a!["Name"]! == "research"
            && !(bool)a["IsOperator"]!);
        Assert.Single(listed["Accounts"]!.AsArray(), a => (bool)a!["IsOperator"]!);
        Assert.Equal("ConflictException", again.Code);
        Assert.Matches("^[0-9]{12}$", (string)made["AccountId"]!);
        // In development any root may; a key that was made is one.
        Assert.NotNull(await research.Kiln("GetClock", [], Cancel));
    }

    [Fact]
    public async Task Outside_development_only_the_operator_may_and_the_clock_stands()
    {
        await using var server = new TestServer { Configure = options => options.Dev = false };
        await server.InitializeAsync();
        var lines = await File.ReadAllLinesAsync(Path.Combine(server.DataFolder, "credentials"), Cancel);
        var address = new Uri(server.Server.Url);
        using var first = new AwsClient(new Connection(
            address, "us-east-1", lines[1].Split(" = ")[1], lines[2].Split(" = ")[1]));
        var made = await first.Kiln("CreateAccount", new JsonObject { ["Name"] = "other" }, Cancel);
        using var other = new AwsClient(new Connection(
            address, "us-east-1", (string)made["AccessKeyId"]!, (string)made["SecretAccessKey"]!));

        foreach (var operation in (string[])["ListAccounts", "GetClock", "ListWork", "ListRegions"])
        {
            var refused = await Assert.ThrowsAsync<CallException>(() => other.Kiln(operation, [], Cancel));
            Assert.Equal("AccessDeniedException", refused.Code);
        }
        var clock = await Assert.ThrowsAsync<CallException>(
            () => first.Kiln("AdvanceClock", new JsonObject { ["Seconds"] = 60 }, Cancel));
        Assert.Equal(403, clock.Status);
        Assert.False((bool)(await first.Kiln("GetClock", [], Cancel))["Movable"]!);
    }

    [Theory]
    [InlineData]
    [InlineData("frobnicate")]
    [InlineData("account", "create")]
    [InlineData("top", "--region", "us-east-1")]
    [InlineData("work", "list", "--output", "xml")]
    public async Task What_no_verb_understands_is_wrong_usage(params string[] arguments) =>
        Assert.Equal(ExitCodes.Usage, (await CliRun.Of(_server, arguments)).Code);

    [Fact]
    public async Task The_clock_moves_forward()
    {
        using var root = Client("test", "test");

        var moved = await root.Kiln("AdvanceClock", new JsonObject { ["Seconds"] = 90 * 86400 }, Cancel);
        var far = await Assert.ThrowsAsync<CallException>(
            () => root.Kiln("AdvanceClock", new JsonObject { ["Seconds"] = 366L * 200 * 86400 }, Cancel));

        Assert.Equal(90 * 86400, (long)moved["OffsetSeconds"]!);
        Assert.Equal("ValidationException", far.Code);
    }

    [Fact]
    public async Task A_check_finds_what_is_lost_and_nothing_else()
    {
        using var root = Client("test", "test");
        using var ebs = new EbsClient(_server);
        var whole = await ebs.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1), [9] = EbsClient.Block(2) });
        var lost = await ebs.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(3) });

        var before = await Check(root);
        var manifest = await _server.WithDb(
            db => db.Snapshots.Where(s => s.Id == lost).Select(s => s.ManifestId).SingleAsync(Cancel));
        foreach (var file in Directory.GetFiles(_server.DataFolder, manifest!, SearchOption.AllDirectories))
            File.Delete(file);
        var after = await Check(root);

        Assert.Empty(before["Problems"]!.AsArray());
        Assert.Equal(2, (int)before["Resources"]!);
        Assert.Equal(3, (int)before["Blocks"]!);
        Assert.Equal(3 * 524288, (long)before["BytesRead"]!);
        var problem = Assert.Single(after["Problems"]!.AsArray())!;
        Assert.Equal("manifest-missing", (string)problem["Kind"]!);
        Assert.Equal(lost, (string)problem["ResourceId"]!);
        Assert.NotEqual(whole, lost);
    }

    [Fact]
    public async Task Work_under_way_is_listed()
    {
        using var root = Client("test", "test");
        using var ebs = new EbsClient(_server);
        var id = await ebs.Start();

        var work = await root.Kiln("ListWork", new JsonObject { ["Kind"] = "direct-snapshot" }, Cancel);

        var row = Assert.Single(work["Work"]!.AsArray())!;
        Assert.Equal(id, (string)row["ResourceId"]!);
        Assert.Equal("waiting", (string)row["State"]!);
    }

    [Fact]
    public async Task Usage_tells_own_bytes_from_shared_ones()
    {
        using var root = Client("test", "test");
        using var ebs = new EbsClient(_server);
        var parent = await ebs.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1), [1] = EbsClient.Block(2) });
        var child = await ebs.Make(new Dictionary<int, byte[]> { [1] = EbsClient.Block(3) },
            new JsonObject { ["VolumeSize"] = 1, ["ParentSnapshotId"] = parent });

        var usage = await root.Kiln("DescribeUsage", new JsonObject { ["Region"] = "us-east-1" }, Cancel);

        var rows = usage["Snapshots"]!.AsArray().ToDictionary(s => (string)s!["SnapshotId"]!, s => s!);
        Assert.Equal(3, (int)usage["Blocks"]!);
        Assert.Equal(2 * 524288, (long)rows[child]["FullBytes"]!);
        Assert.Equal(524288, (long)rows[child]["UniqueBytes"]!);
        Assert.Equal(524288, (long)rows[parent]["UniqueBytes"]!);
    }

    [Theory]
    [InlineData("90d", 7776000)]
    [InlineData("36h", 129600)]
    [InlineData("2w", 1209600)]
    [InlineData("0d", 0)]
    [InlineData("5", 0)]
    [InlineData("-5d", 0)]
    [InlineData("999999999w", 0)]
    public void Spans_are_read(string text, long seconds)
    {
        var isSpan = Times.TryParseSpan(text, out var read);

        Assert.Equal(seconds > 0, isSpan);
        if (isSpan)
            Assert.Equal(seconds, read);
    }

    private static Task<JsonNode> Check(AwsClient client) => client.Kiln(
        "CheckStores", new JsonObject { ["Region"] = "us-east-1", ["ReadData"] = true }, Cancel);

    private AwsClient Client(string id, string secret) =>
        new(new Connection(new Uri(_server.Server.Url), "us-east-1", id, secret));

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
