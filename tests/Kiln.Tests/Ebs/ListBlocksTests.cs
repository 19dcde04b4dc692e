using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Fixtures;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ebs;

/// <summary>Listing, comparing and reading snapshots: pages, tokens, who may.</summary>
public sealed class ListBlocksTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private EbsClient _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new EbsClient(_server);
    }

    [Fact]
    public async Task Pages_join_and_the_token_wins_over_the_starting_index()
    {
        var zeros = new byte[global::Kiln.Blocks.Block.Size];
        var id = await _client.Make(Enumerable.Range(0, 250).ToDictionary(i => i * 3, _ => zeros));

        var first = (await _client.List(id, "?maxResults=100")).Json;
        var token = Uri.EscapeDataString((string)first["NextToken"]!);
        var second = (await _client.List(id, $"?maxResults=100&pageToken={token}&startingBlockIndex=0")).Json;
        var third = (await _client.List(id,
            $"?maxResults=100&pageToken={Uri.EscapeDataString((string)second["NextToken"]!)}")).Json;
        var started = (await _client.List(id, "?startingBlockIndex=700")).Json;

        Assert.Null(third["NextToken"]);
        Assert.Equal(Enumerable.Range(0, 250).Select(i => i * 3),
            new[] { first, second, third }.SelectMany(Indexes));
        Assert.Equal(702, Indexes(started).First());
        Assert.Equal(1, (int)first["VolumeSize"]!);
        Assert.Equal(524288, (int)first["BlockSize"]!);
    }

    [Fact]
    public async Task Bounds_and_tokens_are_checked()
    {
        var id = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1), [1] = EbsClient.Block(2) });
        var other = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1) });
        var token = (string)(await _client.List(id)).Json["Blocks"]![0]!["BlockToken"]!;

        (await _client.List(id, "?maxResults=99")).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.List(id, "?maxResults=10001")).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.List(id, "?startingBlockIndex=-1")).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.List(id, "?pageToken=AAAA")).Invalid("INVALID_PAGE_TOKEN");
        (await _client.List(id, $"?pageToken={Uri.EscapeDataString(token)}")).Invalid("INVALID_PAGE_TOKEN");
        (await _client.Get(id, 1, token)).Invalid("INVALID_BLOCK_TOKEN");
        (await _client.Get(other, 0, token)).Invalid("INVALID_BLOCK_TOKEN");
        (await _client.Get(id, 0, "nonsense")).Invalid("INVALID_BLOCK_TOKEN");
        (await _client.Get(id, 0, Flip(token))).Invalid("INVALID_BLOCK_TOKEN");
        (await _client.Send(HttpMethod.Get, $"/snapshots/{id}/blocks/0")).Invalid("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task Tokens_expire_by_the_domain_clock()
    {
        var zeros = new byte[global::Kiln.Blocks.Block.Size];
        var id = await _client.Make(Enumerable.Range(0, 101).ToDictionary(i => i, _ => zeros));
        var listed = (await _client.List(id, "?maxResults=100")).Json;
        var token = (string)listed["Blocks"]![0]!["BlockToken"]!;
        var page = $"?maxResults=100&pageToken={Uri.EscapeDataString((string)listed["NextToken"]!)}";

        await _server.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(200, (await _client.List(id, page)).Status);
        await _server.Advance(TimeSpan.FromMinutes(2));
        (await _client.List(id, page)).Invalid("INVALID_PAGE_TOKEN");
        await _server.Advance(TimeSpan.FromDays(6));
        Assert.Equal(200, (await _client.Get(id, 0, token)).Status);
        await _server.Advance(TimeSpan.FromDays(1));
        (await _client.Get(id, 0, token)).Invalid("INVALID_BLOCK_TOKEN");
    }

    [Fact]
    public async Task Changed_blocks_are_those_that_differ()
    {
        var first = await _client.Make(new Dictionary<int, byte[]>
        {
            [0] = EbsClient.Block(1), [1] = EbsClient.Block(2), [2] = EbsClient.Block(3),
        });
        var second = await _client.Make(
            new Dictionary<int, byte[]> { [1] = EbsClient.Block(9), [2] = EbsClient.Block(3), [7] =
                EbsClient.Block(8) },
            new JsonObject { ["VolumeSize"] = 1, ["ParentSnapshotId"] = first });

        var changed = (await _client.Changed(first, second)).Json["ChangedBlocks"]!.AsArray();

        Assert.Equal([1, 7], changed.Select(b => (int)b!["BlockIndex"]!));
        Assert.Equal(EbsClient.Block(2), (await _client.Get(first, 1, (string)changed[0]!["FirstBlockToken"]!)).Body);
        Assert.Equal(EbsClient.Block(9), (await _client.Get(second, 1, (string)changed[0]!["SecondBlockToken"]!)).Body);
        Assert.Null(changed[1]!["FirstBlockToken"]);
        var back = (await _client.Changed(second, first)).Json["ChangedBlocks"]!.AsArray();
        Assert.Null(back[1]!["SecondBlockToken"]);
        Assert.NotNull(back[1]!["FirstBlockToken"]);
    }

    [Fact]
    public async Task Comparing_reads_the_pages_that_differ_and_no_others()
    {
        // 16 TiB are 8,192 pages of 2 GiB. One block in each of 128, of which three change. No two
        // pages are equal, or one read would do for both.
        const int PageBlocks = 4096;
        const int PagesWritten = 128;
        const int Apart = 8192 / PagesWritten * PageBlocks;
        var volume = new JsonObject { ["VolumeSize"] = 16384 };
        var zeros = new byte[global::Kiln.Blocks.Block.Size];
        var first = await _client.Make(
            Enumerable.Range(0, PagesWritten).ToDictionary(i => (i * Apart) + i, _ => zeros), volume);
        int[] changes = [0, (77 * Apart) + 77, (8192 * PageBlocks) - 1];
        volume = new JsonObject { ["VolumeSize"] = 16384, ["ParentSnapshotId"] = first };
        var second = await _client.Make(changes.ToDictionary(i => i, EbsClient.Block), volume);
        await _server.StopAsync();
        await _server.StartAsync();
        using var client = new EbsClient(_server);

        var pages = _server.Server.Services.GetRequiredService<RegionStores>().Of("us-east-1").Pages;
        var changed = (await client.Changed(first, second)).Json["ChangedBlocks"]!.AsArray();

        Assert.Equal(changes, changed.Select(b => (int)b!["BlockIndex"]!));

        // A page of either side for each changed block; the last block's page is of the second alone.
        Assert.Equal((2 * changes.Length) - 1, pages.Reads);
        await client.List(second);
        Assert.Equal(PagesWritten + changes.Length, pages.Reads);
    }

    [Fact]
    public async Task Unrelated_snapshots_are_not_compared()
    {
        var one = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1) });
        var two = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1) });

        (await _client.Changed(one, two)).Invalid("UNRELATED_SNAPSHOTS");
        (await _client.Send(HttpMethod.Get, $"/snapshots/{two}/changedblocks")).Invalid("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task Shared_snapshots_are_read_and_public_or_foreign_or_pending_ones_are_not()
    {
        var id = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1) });
        var pending = await _client.Start();
        using var other = new EbsClient(_server, TestServer.B);

        (await other.List(id)).Refused(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
        await Share(id, CreateVolumePermission.Group, "all");
        (await other.List(id)).Refused(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
        await Share(id, CreateVolumePermission.UserId, TestServer.B);
        var token = (string)(await other.List(id)).Json["Blocks"]![0]!["BlockToken"]!;
        Assert.Equal(EbsClient.Block(1), (await other.Get(id, 0, token)).Body);
        // A token is its caller's.
        (await _client.Get(id, 0, token)).Invalid("INVALID_BLOCK_TOKEN");
        (await _client.List(pending)).Invalid("INVALID_SNAPSHOT_ID");
        (await _client.List("snap-00000000000000000"))
            .Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    }

    private Task Share(string id, string kind, string value) => _server.WithDb(async db =>
    {
        db.Add(new CreateVolumePermission { SnapshotId = id, Kind = kind, Value = value });
        if (kind == CreateVolumePermission.Group)
            (await db.Snapshots.SingleAsync(s => s.Id == id, Cancel)).IsPublic = true;
        return await db.SaveChangesAsync(Cancel);
    });

    private static IEnumerable<int> Indexes(JsonObject listed) =>
        listed["Blocks"]!.AsArray().Select(b => (int)b!["BlockIndex"]!);

    private static string Flip(string token) => (token[0] == 'A' ? 'B' : 'A') + token[1..];

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }
}
