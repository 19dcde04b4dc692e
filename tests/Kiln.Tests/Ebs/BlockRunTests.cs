using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kiln.Blocks;
using Kiln.Tests.Blocks;
using Kiln.Tests.Fixtures;
using ZstdNet;

namespace Kiln.Tests.Ebs;

/// <summary>GetSnapshotBlock for callers that take several blocks as they are stored.</summary>
public sealed class BlockRunTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private EbsClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new EbsClient(_server);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Who_prefers_several_blocks_gets_them_in_order_each_with_its_checksum(bool encrypted)
    {
        var blocks = new Dictionary<int, byte[]>
        {
            [2] = Some.Block(3), [3] = new byte[Block.Size], [7] = EbsClient.Block(1), [2047] = Some.Block(4),
        };
        var id = await Make(blocks, encrypted);

        var run = await Get(id, 2, "return=minimal, Kiln-Blocks=\"3\";now");
        Assert.Equal("kiln-blocks=3", run.Headers["preference-applied"]);
        Assert.DoesNotContain("x-amz-checksum", run.Headers.Keys);
        Assert.Equal([2, 3, 7], Read(run.Body, blocks));
        Assert.Equal(encrypted, run.Body.Length > 2 * Block.Size);

        Assert.Equal([7, 2047], Read((await Get(id, 7, "kiln-blocks=64")).Body, blocks));
        Assert.Equal([2047], Read((await Get(id, 2047, "kiln-blocks=2147483647")).Body, blocks));
    }

    [Fact]
    public async Task A_run_ends_where_another_block_may_not_fit()
    {
        var noise = Enumerable.Range(0, 9).ToDictionary(i => i, EbsClient.Block);
        var id = await Make(noise, encrypted: false);
        var run = await Get(id, 0, "kiln-blocks=9");
        Assert.Equal("kiln-blocks=7", run.Headers["preference-applied"]);
        Assert.Equal(Enumerable.Range(0, 7), Read(run.Body, noise));
    }

    [Fact]
    public async Task Other_preferences_are_passed_over()
    {
        var block = Some.Block(5);
        var id = await Make(new Dictionary<int, byte[]> { [0] = block }, encrypted: false);
        foreach (var wish in new[]
        {
            "", "wait=1", "kiln-blocks", "kiln-blocks=0", "kiln-blocks=-1", "kiln-blocks=x", "kiln-blocks=99999999999",
            "my-kiln-blocks=2", ";kiln-blocks=2",
        })
        {
            var answer = await Get(id, 0, wish);
            Assert.DoesNotContain("preference-applied", answer.Headers.Keys);
            Assert.Equal(block, answer.Body);
            Assert.Equal(EbsClient.Sha(block), answer.Headers["x-amz-checksum"]);
        }
    }

    [Fact]
    public async Task A_token_of_another_block_or_snapshot_opens_no_run()
    {
        var blocks = new Dictionary<int, byte[]> { [0] = Some.Block(1), [1] = Some.Block(2) };
        var (mine, other) = (await Make(blocks, encrypted: false), await Make(blocks, encrypted: false));
        foreach (var (of, index) in new[] { (mine, 1), (other, 0) })
        {
            var answer = await _client.Send(HttpMethod.Get,
                $"/snapshots/{mine}/blocks/0?blockToken={Uri.EscapeDataString(await Token(of, index))}", null, true,
                ("Prefer", "kiln-blocks=2"));
            Assert.Equal(400, answer.Status);
            Assert.Contains("INVALID_BLOCK_TOKEN", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_mixture_of_frames_unpacks_to_its_block()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Path);
        var stream = new byte[Block.Size];
        for (var seed = 0; seed < 60; seed++)
        {
            var block = Some.Block(seed);
            var address = store.Put(block, null);
            var length = store.ReadPacked(address, stream);
            Assert.Equal(block, Unpack(stream.AsSpan(0, length).ToArray()));
        }
    }

    [Fact]
    public void Damage_is_not_handed_out_packed()
    {
        using var folder = new TempFolder();
        BlockAddress address;
        using (var store = Some.Store(folder.Path))
        {
            address = store.Put(Some.Block(7), null);
            store.Sync();
        }

        // Behind the segment's header page and the record's header: the first frame's stored bytes.
        var segment = Directory.GetFiles(Path.Combine(folder.Path, "segments")).Single();
        using (var file = File.Open(segment, FileMode.Open))
        {
            file.Position = 4096 + 192 + 20;
            var kept = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(kept ^ 4));
        }

        using var again = Some.Store(folder.Path);
        var stream = new byte[Block.Size];
        Assert.Throws<BlockCorruptException>(() => again.ReadPacked(address, stream));
        Assert.True(Block.IsZero(stream));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    private Task<string> Make(Dictionary<int, byte[]> blocks, bool encrypted) =>
        _client.Make(blocks, new JsonObject { ["VolumeSize"] = 1, ["Encrypted"] = encrypted });

    private async Task<string> Token(string snapshot, int index) =>
        (string)(await _client.List(snapshot, $"?startingBlockIndex={index}")).Json["Blocks"]![0]!["BlockToken"]!;

    private async Task<EbsAnswer> Get(string snapshot, int index, string prefer)
    {
        var answer = await _client.Send(HttpMethod.Get,
            $"/snapshots/{snapshot}/blocks/{index}?blockToken={Uri.EscapeDataString(await Token(snapshot, index))}",
            null, true, ("Prefer", prefer));
        Assert.True(answer.Status == 200, answer.Text);
        return answer;
    }

    private static List<int> Read(byte[] run, Dictionary<int, byte[]> blocks)
    {
        var indexes = new List<int>();
        for (var at = 0; at < run.Length;)
        {
            var index = BitConverter.ToInt32(run, at);
            var length = BitConverter.ToInt32(run, at + 4);
            Assert.Equal(SHA256.HashData(blocks[index]), run[(at + 8)..(at + 40)]);
            var bytes = run[(at + 40)..(at + 40 + length)];
            Assert.Equal(blocks[index],
                length == Block.Size ? bytes : length == 0 ? new byte[Block.Size] : Unpack(bytes));
            indexes.Add(index);
            at += 40 + length;
        }
        return indexes;
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var decompressor = new Decompressor();
        var block = new byte[Block.Size];
        Assert.Equal(block.Length, decompressor.Unwrap(packed, block, 0, bufferSizePrecheck: false));
        return block;
    }
}
