using System.Net.Sockets;
using Amazon.EC2.Model;
using Kiln.Blocks;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Storage;

public sealed class InFlightTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;
    private const int Volumes = 20;
    private const int Copied = 8;

    private readonly TestServer _server = new()
    {
        Configure = options => (options.InFlightMiB, options.InFlightWaitSeconds) = (8, 0),
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private BytesInFlight InFlight => _server.Server.Services.GetRequiredService<BytesInFlight>();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Many_snapshots_and_copies_at_once_stay_within_the_bound()
    {
        var (east, west) = (_server.Ec2(), _server.Ec2(region: "eu-west-1"));
        var volumes = new List<string>();
        for (var i = 0; i < Volumes; i++)
        {
            volumes.Add(await east.NewVolume());
            await Disk.Write(_server, volumes[i], 0, Disk.Bytes(i, 2 * MiB));
        }

        var made = await Task.WhenAll(volumes.Select(volume =>
            east.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel)));
        foreach (var snapshot in made)
            await east.SnapshotIs(snapshot.Snapshot.SnapshotId, "completed");
        var copies = await Task.WhenAll(made.Take(Copied).Select(
            snapshot => west.CopySnapshotAsync(new CopySnapshotRequest
            {
                SourceRegion = "us-east-1", SourceSnapshotId = snapshot.Snapshot.SnapshotId,
            }, Cancel)));
        foreach (var copy in copies)
            await west.SnapshotIs(copy.SnapshotId, "completed");

        Assert.InRange(InFlight.Peak, 2 * MiB, InFlight.Bound);
        Assert.Equal((0, 0), (InFlight.Taken, InFlight.Waiting));
        for (var i = 0; i < Copied; i += 7)
        {
            var copy = await west.NewVolume(
                snapshotId: copies[i].SnapshotId, more: r => r.AvailabilityZone = "eu-west-1a");
            Assert.Equal(Disk.Bytes(i, 2 * MiB), await Disk.Read(_server, copy, 0, 2 * MiB));
        }
    }

    [Fact]
    public async Task A_block_for_which_there_is_no_memory_is_told_to_come_again()
    {
        using var ebs = new EbsClient(_server);
        var id = await ebs.Start();
        var bound = (int)InFlight.Bound;
        using (await InFlight.EnterAsync(bound, Cancel))
        {
            (await ebs.Put(id, 0, EbsClient.Block(1)))
                .Refused(400, "RequestThrottledException", "RESOURCE_LEVEL_THROTTLE");

            // What is small is not counted: the service goes on answering.
            await _server.Ec2().NewVolume();
        }

        Assert.Equal(201, (await ebs.Put(id, 0, EbsClient.Block(1))).Status);
        Assert.Equal((0, bound), (InFlight.Taken, InFlight.Peak));
    }

    [Fact]
    public async Task Strangers_that_announce_blocks_and_send_none_leave_room_for_those_who_sign()
    {
        using var ebs = new EbsClient(_server);
        var id = await ebs.Start();
        var now = TimeProvider.System.GetUtcNow();
        var scope = $"{TestServer.A}/{now:yyyyMMdd}/us-east-1/ebs/aws4_request";
        var head = System.Text.Encoding.ASCII.GetBytes($"""
            PUT /snapshots/{id}/blocks/0 HTTP/1.1
            Host: kiln
            Content-Length: {Block.Size}
            X-Amz-Date: {now:yyyyMMdd'T'HHmmss'Z'}
            X-Amz-Content-Sha256: {new string('0', 64)}
            Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={new string('0', 64)}


            """.ReplaceLineEndings("\r\n"));
        var strangers = Enumerable.Range(0, 20)
            .Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        try
        {
            foreach (var stranger in strangers)
            {
                await stranger.ConnectAsync("127.0.0.1", new Uri(_server.Server.Url).Port, Cancel);
                await stranger.SendAsync(head, Cancel);
            }
            await TestServer.Eventually(
                () => Task.FromResult(strangers.Count(s => s.Available > 0) + (InFlight.Taken / Block.Size)),
                heard => heard == strangers.Count);

            Assert.Equal(201, (await ebs.Put(id, 0, EbsClient.Block(1))).Status);
        }
        finally
        {
            strangers.ForEach(s => s.Dispose());
        }
        await TestServer.Eventually(() => Task.FromResult(InFlight.Taken), taken => taken == 0);
    }
}
