using Amazon.EC2.Model;
using Kiln.Blocks.Backends;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Tests.Blocks.Nbd;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Storage;

/// <summary>Disks that are full or fail, as clients of the API and guests see them.</summary>
public sealed class FailingDiskTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;
    private const int Size = 2 * MiB;
    private const ushort Flush = 3;
    private const ushort Write = 1;
    private const uint Io = 5;
    private const uint NoSpace = 28;

    private readonly FailingDisks _disks = new();
    private readonly TestServer _server;

    public FailingDiskTests() => _server = new TestServer
    {
        Change = services => services.AddSingleton<OpenBackend>(_disks.Open),
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_full_disk_refuses_puts_and_loses_none()
    {
        using var ebs = new EbsClient(_server);
        var id = await ebs.Start();
        Assert.Equal(201, (await ebs.Put(id, 5, EbsClient.Block(1))).Status);
        _disks.IsFull = true;
        var refused = await ebs.Put(id, 6, EbsClient.Block(2));
        Assert.Equal(402, refused.Status);
        Assert.Contains("The disk of us-east-1 is full", refused.Text, StringComparison.Ordinal);

        _disks.IsFull = false;
        Assert.Equal(201, (await ebs.Put(id, 6, EbsClient.Block(2))).Status);
        Assert.Equal(202, (await ebs.Complete(id, 2)).Status);
        await _server.Ec2().SnapshotIs(id, "completed");
        var restored = await _server.Ec2().NewVolume(snapshotId: id);
        Assert.Equal(EbsClient.Block(1), await Disk.Read(_server, restored, 5 * MiB / 2, MiB / 2));
        Assert.Equal(EbsClient.Block(2), await Disk.Read(_server, restored, 6 * MiB / 2, MiB / 2));
    }

    [Fact]
    public async Task A_full_disk_ends_in_error_with_its_reason_and_nothing_acknowledged_is_lost()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(2, Size));
        var before = await ec2.NewSnapshot(volume);
        await Disk.Write(_server, volume, 0, Disk.Bytes(3, Size));
        var failing = await Stalled(volume);
        await Ec2Waits.Refused("InsufficientVolumeCapacity", () => ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume }, Cancel));
        await _server.Advance(SnapshotStalls.Patience + TimeSpan.FromMinutes(1));
        var failed = await ec2.SnapshotIs(failing, "error");
        Assert.StartsWith("The disk of us-east-1 is full, and has been for 6", failed.StateMessage,
            StringComparison.Ordinal);
        Assert.Equal(Disk.Bytes(3, Size), await Disk.Read(_server, volume, 0, Size));

        // Room again: the volume's changes are in its next snapshot.
        _disks.IsFull = false;
        var next = await ec2.NewSnapshot(volume);
        await Holds(next.SnapshotId, Disk.Bytes(3, Size));
        await Holds(before.SnapshotId, Disk.Bytes(2, Size));
    }

    [Fact]
    public async Task What_the_disk_does_not_give_is_an_error_and_never_other_bytes()
    {
        using var ebs = new EbsClient(_server);
        var id = await ebs.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(7) });
        await _server.Ec2().SnapshotIs(id, "completed");
        var token = (string)(await ebs.List(id)).Json["Blocks"]![0]!["BlockToken"]!;
        var volume = await _server.Ec2().NewVolume(snapshotId: id);
        using var guest = Guest(volume);
        _disks.RefusesReads = ".seg";

        Assert.Equal(503, (await ebs.Get(id, 0, token)).Status);
        Assert.Equal(Io, guest.Request(0, 0, 64 << 10));

        _disks.RefusesReads = null;
        Assert.Equal(EbsClient.Block(7), (await ebs.Get(id, 0, token)).Body);
        var back = new byte[64 << 10];
        guest.Read(0, back);
        Assert.Equal(EbsClient.Block(7)[..back.Length], back);
    }

    [Fact]
    public async Task A_guest_gets_ENOSPC_and_EIO_and_no_flush_lies()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        using (var guest = Guest(volume))
        {
            guest.Write(0, Disk.Bytes(1, MiB));
            Assert.Equal(0u, guest.Request(Flush, 0, 0));
            _disks.IsFull = true;
            guest.Send(Write, 4 * MiB, 4096, Disk.Bytes(2, 4096));
            Assert.Equal(NoSpace, guest.TakeError());
            _disks.IsFull = false;
            guest.Write(4 * MiB, Disk.Bytes(2, MiB));
            _disks.RefusesSyncs = ".data";
            Assert.Equal(Io, guest.Request(Flush, 0, 0));
            _disks.RefusesSyncs = null;

            // The disk is whole again, but nobody knows what became of that write.
            Assert.Equal(Io, guest.Request(Flush, 0, 0));
            await Ec2Waits.Refused("Unavailable", () => ec2.CreateSnapshotAsync(
                new CreateSnapshotRequest { VolumeId = volume }, Cancel));
        }

        // The note outlives the process. Once the guest has let go, what the volume shows is made durable.
        await _server.StopAsync();
        await _server.StartAsync();
        using var again = Guest(volume);
        var back = new byte[MiB];
        again.Read(0, back);
        Assert.Equal(Disk.Bytes(1, MiB), back);
        Assert.Equal(0u, again.Request(Flush, 0, 0));
    }

    [Fact]
    public async Task A_snapshot_waits_for_a_failing_disk_and_is_whole()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(_server, volume, 0, Disk.Bytes(3, Size));
        _disks.RefusesSyncs = ".seg";
        var made = await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel);
        await Says(made.Snapshot.SnapshotId, "cannot be written");
        _disks.RefusesSyncs = null;
        await _server.Advance(TimeSpan.FromMinutes(2));
        await ec2.SnapshotIs(made.Snapshot.SnapshotId, "completed");
        await Holds(made.Snapshot.SnapshotId, Disk.Bytes(3, Size));
    }

    private async Task Holds(string snapshot, byte[] bytes)
    {
        var volume = await _server.Ec2().NewVolume(snapshotId: snapshot);
        Assert.Equal(bytes, await Disk.Read(_server, volume, 0, bytes.Length));
    }

    // A snapshot that was cut while there was room, and is uploaded where there is none.
    private async Task<string> Stalled(string volume)
    {
        _disks.RefusesReads = ".data";
        var made = await _server.Ec2().CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel);
        _disks.IsFull = true;
        _disks.RefusesReads = null;
        await _server.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(
            "The disk of us-east-1 is full. The snapshot waits, and goes on by itself.",
            await Says(made.Snapshot.SnapshotId, "is full"));
        return made.Snapshot.SnapshotId;
    }

    private async Task<string> Says(string snapshot, string part) => (await TestServer.Eventually(
        async () => (await _server.Ec2().DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel)).Snapshots[0].StateMessage,
        message => message?.Contains(part, StringComparison.Ordinal) == true))!;

    private RawNbdClient Guest(string volume) => new(Path.Combine(_server.DataFolder, "nbd.sock"), volume);
}
