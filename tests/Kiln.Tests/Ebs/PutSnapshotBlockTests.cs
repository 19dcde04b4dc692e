using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ebs;

public sealed class PutSnapshotBlockTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private readonly EbsClient _client = new(server);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_written_block_is_read_again(bool hashed)
    {
        var id = await _client.Start();
        var block = EbsClient.Block(1);

        var put = await _client.Put(id, 7, block, hashed: hashed);

        Assert.True(put.Status == 201, put.Text);
        Assert.Equal(EbsClient.Sha(block), put.Headers["x-amz-checksum"]);
        Assert.Equal("SHA256", put.Headers["x-amz-checksum-algorithm"]);
        Assert.Equal(202, (await _client.Complete(id, 1)).Status);
        await _client.Sealed(id);
        var listed = Assert.Single((await _client.List(id)).Json["Blocks"]!.AsArray())!;
        Assert.Equal(7, (int)listed["BlockIndex"]!);
        var got = await _client.Get(id, 7, (string)listed["BlockToken"]!);
        Assert.Equal(block, got.Body);
        Assert.Equal("524288", got.Headers["x-amz-data-length"]);
        Assert.Equal(EbsClient.Sha(block), got.Headers["x-amz-checksum"]);
    }

    [Fact]
    public async Task A_wrong_checksum_is_refused_and_nothing_is_written()
    {
        var id = await _client.Start();

        (await _client.Put(id, 0, EbsClient.Block(1), EbsClient.Sha(EbsClient.Block(2)))).Invalid("INVALID_BLOCK");
        (await _client.Put(id, 0, EbsClient.Block(1), "not base64!")).Invalid("INVALID_BLOCK");

        (await _client.Complete(id, 1)).Invalid("INVALID_PARAMETER_VALUE");
        Assert.Equal(202, (await _client.Complete(id, 0)).Status);
    }

    [Fact]
    public async Task A_block_of_another_length_is_refused()
    {
        var id = await _client.Start();

        (await _client.Put(id, 0, new byte[512])).Invalid("INVALID_BLOCK");
        (await _client.Put(id, 0, EbsClient.Block(1), length: 512)).Invalid("INVALID_BLOCK");
        (await _client.Put(id, 0, [])).Invalid("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task An_index_outside_the_volume_is_refused()
    {
        var id = await _client.Start(gib: 1);

        Assert.Equal(201, (await _client.Put(id, 2047, EbsClient.Block(1))).Status);
        (await _client.Put(id, 2048, EbsClient.Block(1))).Invalid("INVALID_BLOCK");
        (await _client.Put(id, -1, EbsClient.Block(1))).Invalid("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task The_last_of_several_writes_of_a_block_wins_and_counts_once()
    {
        var id = await _client.Start();
        await _client.Put(id, 3, EbsClient.Block(1));
        await _client.Put(id, 3, EbsClient.Block(2));

        var linear = Convert.ToBase64String(SHA256.HashData(SHA256.HashData(EbsClient.Block(2))));
        Assert.Equal(202, (await _client.Complete(id, 1, linear)).Status);

        await _client.Sealed(id);
        var token = (string)(await _client.List(id)).Json["Blocks"]![0]!["BlockToken"]!;
        Assert.Equal(EbsClient.Block(2), (await _client.Get(id, 3, token)).Body);
    }

    [Fact]
    public async Task Many_connections_write_at_once()
    {
        var id = await _client.Start();
        var indexes = Enumerable.Range(0, 24).ToArray();

        await Parallel.ForEachAsync(indexes, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (index, _) =>
            Assert.Equal(201, (await _client.Put(id, index, EbsClient.Block(index))).Status));

        var digests = indexes.SelectMany(i => SHA256.HashData(EbsClient.Block(i))).ToArray();
        Assert.Equal(202, (await _client.Complete(id, 24, EbsClient.Sha(digests))).Status);
        await _client.Sealed(id);
        foreach (var block in (await _client.List(id)).Json["Blocks"]!.AsArray())
        {
            var index = (int)block!["BlockIndex"]!;
            Assert.Equal(EbsClient.Block(index), (await _client.Get(id, index, (string)block["BlockToken"]!)).Body);
        }
    }

    [Fact]
    public async Task Unknown_foreign_and_finished_snapshots_take_no_blocks()
    {
        var id = await _client.Start();
        using var stranger = new EbsClient(server, TestServer.B);
        using var elsewhere = new EbsClient(server, TestServer.A, "eu-west-1");

        (await _client.Put("snap-0123456789abcdef0", 0, EbsClient.Block(1)))
            .Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
        (await _client.Put("volume-1", 0, EbsClient.Block(1))).Invalid("INVALID_SNAPSHOT_ID");
        (await stranger.Put(id, 0, EbsClient.Block(1)))
            .Refused(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
        (await elsewhere.Put(id, 0, EbsClient.Block(1)))
            .Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
        await _client.Complete(id, 0);
        (await _client.Put(id, 0, EbsClient.Block(1))).Invalid("CONFLICTING_BLOCK_UPDATE");
        await _client.Sealed(id);
        (await _client.Put(id, 0, EbsClient.Block(1))).Invalid("CONFLICTING_BLOCK_UPDATE");
    }

    [Fact]
    public async Task An_upload_goes_on_after_a_restart()
    {
        await using var own = new TestServer();
        await own.InitializeAsync();
        using var client = new EbsClient(own);
        var id = await client.Start();
        await client.Put(id, 0, EbsClient.Block(1));

        await own.StopAsync();
        await own.StartAsync();

        Assert.Equal(201, (await client.Put(id, 9, EbsClient.Block(2))).Status);
        Assert.Equal(202, (await client.Complete(id, 2)).Status);
        await client.Sealed(id);
        var blocks = (await client.List(id)).Json["Blocks"]!.AsArray();
        Assert.Equal([0, 9], blocks.Select(b => (int)b!["BlockIndex"]!));
        Assert.Equal(EbsClient.Block(1), (await client.Get(id, 0, (string)blocks[0]!["BlockToken"]!)).Body);
    }

    [Fact]
    public async Task A_block_of_zeros_is_listed_and_reads_as_zeros()
    {
        var id = await _client.Make(new Dictionary<int, byte[]> { [5] = new byte[global::Kiln.Blocks.Block.Size] });

        var token = (string)(await _client.List(id)).Json["Blocks"]![0]!["BlockToken"]!;
        var got = await _client.Get(id, 5, token);

        Assert.True(global::Kiln.Blocks.Block.IsZero(got.Body));
        Assert.Equal(EbsClient.Sha(got.Body), got.Headers["x-amz-checksum"]);
    }

    [Fact]
    public async Task Paths_that_do_not_exist_are_told_apart()
    {
        var answer = await _client.Send(HttpMethod.Get, "/volumes");

        answer.Refused(404, "UnknownOperationException", null);
        Assert.IsType<JsonObject>(answer.Json);
    }

    public void Dispose() => _client.Dispose();
}
