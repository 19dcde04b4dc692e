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
}
