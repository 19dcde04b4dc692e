using System.Text;
using System.Text.Json.Nodes;
using Kiln.Cli.Connections;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Storage;

public sealed class RecompressionTests : IAsyncLifetime
{
    private readonly TestServer _server = new()
    {
        Configure = o => (o.RecompressIdleSeconds, o.RecompressLevel, o.TrashSeconds) = (0, 6, 1),
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task What_a_snapshot_stored_gets_smaller_by_itself()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Text(8 << 20));
        var sum = await Disk.Sha256(_server, volume);
        var snapshot = await ec2.NewSnapshot(volume);

        var usage = await TestServer.Eventually(async () =>
        {
            await _server.Advance(TimeSpan.FromMinutes(1));
            return await Usage();
        }, u => (long)u["RecompressedBytes"]! > 0);

        Assert.Equal(16, (int)usage["Blocks"]!);
        Assert.Equal(sum, await Disk.Sha256(_server, await ec2.NewVolume(snapshotId: snapshot.SnapshotId)));
    }

    private async Task<JsonNode> Usage()
    {
        using var client = new AwsClient(
            new Connection(new Uri(_server.Server.Url), "us-east-1", "999999999999", "test"));
        return await client.Kiln("DescribeUsage", new JsonObject { ["Region"] = "us-east-1" }, Cancel);
    }

    // Words in an order that follows from a seed: compresses, and better at a higher level.
    private static byte[] Text(int count)
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 2000).Select(i => $"word{i * 7919:x} ").ToArray();
        var text = new StringBuilder(count + 16);
        while (text.Length < count) text.Append(words[random.Next(words.Length)]);
        return Encoding.ASCII.GetBytes(text.ToString(0, count));
    }
}
