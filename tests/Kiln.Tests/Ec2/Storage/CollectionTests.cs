using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Storage;

public sealed class CollectionTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;
    private readonly TestServer _server = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Deleted_snapshots_give_their_bytes_back_and_nothing_else_is_harmed()
    {
        var ec2 = _server.Ec2();
        var (kept, keptSum) = await Stored(1, 4 * MiB);
        var (based, basedSum) = await Stored(2, 4 * MiB);
        var lazy = await ec2.NewVolume(snapshotId: based);
        var (large, _) = await Stored(3, 48 * MiB);
        var before = StoredBytes();

        await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = large }, Cancel);
        await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = based }, Cancel);
        await TestServer.Eventually(
            async () =>
            {
                await _server.Advance(TimeSpan.FromHours(1));
                return StoredBytes();
            },
            bytes => bytes < before - 40 * MiB);

        // The volume still needs the blocks of its deleted snapshot (D-15); it has read none of them so far.
        Assert.Equal(basedSum, await Disk.Sha256(_server, lazy));
        var again = await ec2.NewVolume(snapshotId: kept);
        Assert.Equal(keptSum, await Disk.Sha256(_server, again));
        await _server.StopAsync();
        await _server.StartAsync();
        Assert.Equal(basedSum, await Disk.Sha256(_server, lazy));
    }

    [Fact]
    public async Task The_loss_of_a_Region_harms_no_other()
    {
        var east = _server.Ec2();
        var (snapshot, sum) = await Stored(4, 2 * MiB);
        var copy = (await _server.Ec2(region: "eu-west-1").CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = snapshot }, Cancel)).SnapshotId;
        await _server.Ec2(region: "eu-west-1").SnapshotIs(copy, "completed");

        await _server.StopAsync();
        Directory.Delete(Path.Combine(_server.DataFolder, "us-east-1"), recursive: true);
        await _server.StartAsync();

        var refusal = await Ec2Waits.Refused("InaccessibleStorageLocation", () => _server.Ec2().CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a", SnapshotId = snapshot }, Cancel));
        Assert.Contains(snapshot, refusal.Message, StringComparison.Ordinal);
        var west = _server.Ec2(region: "eu-west-1");
        var volume = await west.NewVolume(snapshotId: copy, more: r => r.AvailabilityZone = "eu-west-1a");
        Assert.Equal(sum, await Disk.Sha256(_server, volume));
        Assert.NotNull(east);

        // The Region itself is empty, and works.
        var (fresh, freshSum) = await Stored(5, MiB);
        var restored = await _server.Ec2().NewVolume(snapshotId: fresh);
        Assert.Equal(freshSum, await Disk.Sha256(_server, restored));
    }

    [Fact]
    public async Task Folders_of_volumes_without_a_row_go_at_the_start()
    {
        await Stored(6, MiB);
        var stray = Path.Combine(_server.DataFolder, "us-east-1", "volumes", "vol-0123456789abcdef0");
        await _server.StopAsync();
        Directory.CreateDirectory(stray);
        await File.WriteAllTextAsync(Path.Combine(stray, "layer-000001.data"), "left", Cancel);

        await _server.StartAsync();

        Assert.False(Directory.Exists(stray));
    }

    // A snapshot of a volume that is gone again, and the bytes it has.
    private async Task<(string Snapshot, string Sum)> Stored(int seed, int count)
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(seed, count));
        var sum = await Disk.Sha256(_server, volume);
        var snapshot = await ec2.NewSnapshot(volume);
        await ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume }, Cancel);
        await TestServer.Eventually(
            () => _server.WithDb(async db => await db.Volumes.FindAsync([volume], Cancel)), row => row is null);
        return (snapshot.SnapshotId, sum);
    }

    private long StoredBytes() => new DirectoryInfo(Path.Combine(_server.DataFolder, "us-east-1", "blocks"))
        .EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Exists ? f.Length : 0);
}
