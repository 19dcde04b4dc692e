using Amazon.EC2.Model;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Tests.Blocks.Nbd;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Storage;

public sealed class FullDiskTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;
    private const ushort Write = 1;
    private const ushort Trim = 4;
    private const uint NoSpace = 28;

    private readonly TestServer _server = new() { Configure = o => o.TrashSeconds = 1 };
    private SmallDisk? _disk;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SmallDisk Small => _disk!;

    public ValueTask InitializeAsync()
    {
        _disk = new SmallDisk(Path.Combine(_server.DataFolder, "us-east-1"), megabytes: 48);
        return _server.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync();
        _disk?.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Guests_get_ENOSPC_and_go_on_when_there_is_room()
    {
        var volume = await _server.Ec2().NewVolume();
        using var guest = new RawNbdClient(Path.Combine(_server.DataFolder, "nbd.sock"), volume);
        guest.Write(0, Disk.Bytes(1, MiB));
        Small.FillBut(0);

        guest.Send(Write, 4 * MiB, MiB, Disk.Bytes(2, MiB));
        Assert.Equal(NoSpace, guest.TakeError());

        var back = new byte[MiB];
        guest.Read(0, back);
        Assert.Equal(Disk.Bytes(1, MiB), back);
        Small.Clear();
        guest.Write(4 * MiB, Disk.Bytes(2, MiB));
        guest.Read(4 * MiB, back);
        Assert.Equal(Disk.Bytes(2, MiB), back);
    }

    [Fact]
    public async Task A_guest_leaves_room_for_what_deletes_and_may_overwrite_what_it_has()
    {
        var volume = await _server.Ec2().NewVolume();
        using var guest = new RawNbdClient(Path.Combine(_server.DataFolder, "nbd.sock"), volume);
        uint error = 0;
        long end = 0;
        for (; error == 0 && end < 48 * MiB; end += MiB)
        {
            guest.Send(Write, end, MiB, Disk.Bytes(1, MiB));
            error = guest.TakeError();
        }

        // A sixteenth of 48 MiB is kept, and of the rest the last written part may be missing.
        Assert.Equal(NoSpace, error);
        Assert.InRange(Small.Free, 3 * MiB, 5 * MiB);
        guest.Write(0, Disk.Bytes(2, MiB));
        var back = new byte[MiB];
        guest.Read(0, back);
        Assert.Equal(Disk.Bytes(2, MiB), back);

        // What was trimmed is no longer there to be overwritten, beyond what the trimming itself gave back.
        Small.FillBut(MiB);
        Assert.Equal(0u, guest.Request(Trim, 4 * MiB, MiB));
        guest.Send(Write, 4 * MiB, MiB, Disk.Bytes(3, MiB));
        Assert.Equal(NoSpace, guest.TakeError());
        guest.Write(8 * MiB, Disk.Bytes(4, MiB));
    }

    [Fact]
    public async Task A_snapshot_waits_for_room_and_says_so()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(3, 8 * MiB));
        var sum = await Disk.Sha256(_server, volume);
        Small.FillBut(3 * MiB);

        var snapshot = (await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel))
            .Snapshot.SnapshotId;
        var waiting = await Waiting(snapshot);
        Assert.Equal("pending", waiting.State.Value);
        Assert.Equal(
            "The disk of us-east-1 is full. The snapshot waits, and goes on by itself.", waiting.StateMessage);

        Small.FillBut(0);
        await Ec2Waits.Refused("InsufficientVolumeCapacity", () => ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume }, Cancel));

        Small.Clear();
        await _server.Advance(TimeSpan.FromMinutes(2));
        var completed = await ec2.SnapshotIs(snapshot, "completed");
        Assert.Null(completed.StateMessage);
        Assert.Equal(sum, await Disk.Sha256(_server, await ec2.NewVolume(snapshotId: snapshot)));
    }

    [Fact]
    public async Task A_snapshot_that_waits_for_room_gives_its_own_back_when_it_is_deleted()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(5, 24 * MiB));
        Small.FillBut(6 * MiB);
        var snapshot = (await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel))
            .Snapshot.SnapshotId;
        await Waiting(snapshot);

        await ec2.DeleteVolumeAsync(new DeleteVolumeRequest(volume), Cancel);
        await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(snapshot), Cancel);
        await TestServer.Eventually(() => Task.FromResult(Small.Free), free => free > 24 * MiB);
        await Ec2Waits.Refused("InvalidSnapshot.NotFound", () => ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel));
    }

    [Fact]
    public async Task A_written_snapshot_is_sealed_when_there_is_room()
    {
        var ec2 = _server.Ec2();
        using var ebs = new EbsClient(_server);
        var id = await ebs.Start();
        Assert.Equal(201, (await ebs.Put(id, 5, EbsClient.Block(1))).Status);
        Small.FillBut(0);

        Assert.Equal(202, (await ebs.Complete(id, 1)).Status);
        var waiting = await Waiting(id);
        Assert.Equal("pending", waiting.State.Value);
        Assert.StartsWith("The disk of us-east-1 is full.", waiting.StateMessage, StringComparison.Ordinal);

        Small.Clear();
        await _server.Advance(TimeSpan.FromMinutes(2));
        var completed = await ec2.SnapshotIs(id, "completed");
        Assert.Null(completed.StateMessage);
        var volume = await ec2.NewVolume(snapshotId: id);
        Assert.Equal(EbsClient.Block(1), await Disk.Read(_server, volume, 5 * MiB / 2, MiB / 2));
    }

    [Fact]
    public async Task It_fails_after_an_hour_in_plain_words_and_the_next_has_all()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(4, 8 * MiB));
        Small.FillBut(3 * MiB);
        var snapshot = (await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel))
            .Snapshot.SnapshotId;
        await Waiting(snapshot);

        await _server.Advance(SnapshotStalls.Patience + TimeSpan.FromMinutes(1));
        var failed = await ec2.SnapshotIs(snapshot, "error");
        Assert.StartsWith("The disk of us-east-1 is full, and has been for 6", failed.StateMessage,
            StringComparison.Ordinal);
        Assert.EndsWith("the volume's changes go into its next snapshot.", failed.StateMessage,
            StringComparison.Ordinal);

        Small.Clear();
        var next = await ec2.NewSnapshot(volume);
        var restored = await ec2.NewVolume(snapshotId: next.SnapshotId);
        Assert.Equal(await Disk.Sha256(_server, volume), await Disk.Sha256(_server, restored));
    }

    /// <summary>A snapshot, once it says what it waits for.</summary>
    private Task<Amazon.EC2.Model.Snapshot> Waiting(string id) => TestServer.Eventually(
        async () => (await _server.Ec2().DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0],
        snapshot => snapshot.StateMessage is not null);
}
