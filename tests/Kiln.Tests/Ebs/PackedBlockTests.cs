using System.Text.Json.Nodes;
using Kiln.Blocks;
using Kiln.Tests.Blocks;
using Kiln.Tests.Fixtures;
using ZstdNet;

namespace Kiln.Tests.Ebs;

/// <summary>GetSnapshotBlock for callers that unpack zstd: RFC 9110, section 12.5.3.</summary>
public sealed class PackedBlockTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private EbsClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new EbsClient(_server);
    }

    [Fact]
    public async Task A_block_comes_packed_only_to_who_names_zstd_and_its_checksum_is_that_of_the_bytes()
    {
        var block = Some.Block(3);
        var id = await _client.Make(new Dictionary<int, byte[]> { [5] = block });
        var plain = await Get(id, 5, "identity");
        Assert.Equal(block, plain.Body);
        Assert.DoesNotContain("content-encoding", plain.Headers.Keys);

        foreach (var wish in new[] { "zstd", "gzip, ZSTD;q=0.5, br", "deflate , zstd" })
        {
            var packed = await Get(id, 5, wish);
            Assert.Equal("zstd", packed.Headers["content-encoding"]);
            Assert.Equal("524288", packed.Headers["x-amz-data-length"]);
            Assert.Equal(EbsClient.Sha(block), packed.Headers["x-amz-checksum"]);
            Assert.InRange(packed.Body.Length, 1, block.Length - 1);
            Assert.Equal(block, Unpack(packed.Body));
        }

        foreach (var wish in new[] { "gzip", "zstd;q=0", "*", "zstd-not" })
            Assert.Equal(block, (await Get(id, 5, wish)).Body);
    }

    [Fact]
    public async Task Noise_and_encrypted_blocks_come_as_they_are()
    {
        var noise = EbsClient.Block(1);
        var text = Some.Block(4);
        var clear = await _client.Make(new Dictionary<int, byte[]> { [0] = noise });
        var secret = await _client.Make(new Dictionary<int, byte[]> { [0] = text },
            new JsonObject { ["VolumeSize"] = 1, ["Encrypted"] = true });

        foreach (var (id, block) in new[] { (clear, noise), (secret, text) })
        {
            var answer = await Get(id, 0, "zstd");
            Assert.DoesNotContain("content-encoding", answer.Headers.Keys);
            Assert.Equal(block, answer.Body);
            Assert.Equal(EbsClient.Sha(block), answer.Headers["x-amz-checksum"]);
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

    private async Task<EbsAnswer> Get(string snapshot, int index, string wish)
    {
        var token = (string)(await _client.List(snapshot)).Json["Blocks"]![0]!["BlockToken"]!;
        var answer = await _client.Send(HttpMethod.Get,
            $"/snapshots/{snapshot}/blocks/{index}?blockToken={Uri.EscapeDataString(token)}", null, true,
            ("Accept-Encoding", wish));
        Assert.True(answer.Status == 200, answer.Text);
        return answer;
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var decompressor = new Decompressor();
        var block = new byte[Block.Size];
        Assert.Equal(block.Length, decompressor.Unwrap(packed, block, 0, bufferSizePrecheck: false));
        return block;
    }
}
