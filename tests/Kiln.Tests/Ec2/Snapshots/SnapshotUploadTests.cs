using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Snapshots;

public sealed class SnapshotUploadTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_volume_of_a_snapshot_has_the_bytes_of_the_instant()
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(server, volume, 3 * MiB, Disk.Bytes(1, 5 * MiB));
        var before = await Disk.Sha256(server, volume);

        var made = await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel);
        await Disk.Write(server, volume, 4 * MiB, Disk.Bytes(2, MiB));
        var snapshot = await ec2.SnapshotIs(made.Snapshot.SnapshotId, "completed");
        var copy = await ec2.NewVolume(snapshotId: snapshot.SnapshotId);

        Assert.Equal("pending", made.Snapshot.State.Value);
        Assert.Equal("100%", snapshot.Progress);
        Assert.Equal(5L * MiB, snapshot.FullSnapshotSizeInBytes);
        Assert.Equal(before, await Disk.Sha256(server, copy));
        Assert.NotEqual(before, await Disk.Sha256(server, volume));
    }

    [Fact]
    public async Task C133_A_second_snapshot_stores_only_what_changed()
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(server, volume, 0, Disk.Bytes(3, 8 * MiB));
        await ec2.NewSnapshot(volume);
        await Disk.Write(server, volume, 2 * MiB, Disk.Bytes(4, MiB / 2));

        var second = await ec2.NewSnapshot(volume);

        var row = await server.WithDb(async db => await db.Snapshots.FindAsync([second.SnapshotId], Cancel));
        Assert.Equal(MiB / 2, row!.TransferredBytes);
        Assert.Equal(8L * MiB, second.FullSnapshotSizeInBytes);
        var copy = await ec2.NewVolume(snapshotId: second.SnapshotId);
        Assert.Equal(await Disk.Sha256(server, volume), await Disk.Sha256(server, copy));
    }

    [Fact]
    public async Task Snapshots_taken_at_once_keep_their_order()
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        var (ids, sums) = (new List<string>(), new List<string>());
        for (var i = 0; i < 5; i++)
        {
            await Disk.Write(server, volume, i * MiB, Disk.Bytes(10 + i, 2 * MiB));
            sums.Add(await Disk.Sha256(server, volume));
            ids.Add((await ec2.CreateSnapshotAsync(
                new CreateSnapshotRequest { VolumeId = volume }, Cancel)).Snapshot.SnapshotId);
        }

        for (var i = 0; i < 5; i++)
        {
            await ec2.SnapshotIs(ids[i], "completed");
            var copy = await ec2.NewVolume(snapshotId: ids[i]);
            Assert.Equal(sums[i], await Disk.Sha256(server, copy));
        }
    }

    [Fact]
    public async Task A_volume_may_go_while_its_snapshot_is_pending()
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(server, volume, 0, Disk.Bytes(20, 4 * MiB));
        var sum = await Disk.Sha256(server, volume);

        var made = await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel);
        await ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume }, Cancel);
        await ec2.SnapshotIs(made.Snapshot.SnapshotId, "completed");
        await TestServer.Eventually(
            () => server.WithDb(async db => await db.Volumes.FindAsync([volume], Cancel)), row => row is null);

        var copy = await ec2.NewVolume(snapshotId: made.Snapshot.SnapshotId);
        Assert.Equal(sum, await Disk.Sha256(server, copy));
        Assert.False(Directory.Exists(Path.Combine(server.DataFolder, "us-east-1", "volumes", volume)));
    }

    [Fact]
    public async Task A_restart_finishes_what_was_pending()
    {
        await using var own = new TestServer();
        await own.InitializeAsync();
        var ec2 = own.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(own, volume, 0, Disk.Bytes(30, 16 * MiB));
        var sum = await Disk.Sha256(own, volume);
        var made = await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel);

        await own.StopAsync();
        await own.StartAsync();

        var again = own.Ec2();
        await again.SnapshotIs(made.Snapshot.SnapshotId, "completed");
        var copy = await again.NewVolume(snapshotId: made.Snapshot.SnapshotId);
        Assert.Equal(sum, await Disk.Sha256(own, copy));
    }
}
