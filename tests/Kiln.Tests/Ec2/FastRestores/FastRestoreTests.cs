using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.FastRestores;

public sealed class FastRestoreTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;
    private const string ZoneA = "us-east-1a";
    private const string ZoneB = "us-east-1b";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_enabled_snapshot_makes_volumes_that_are_local_at_once_one_for_each_credit()
    {
        var ec2 = server.Ec2();
        var (snapshot, sum) = await Source(1);
        var asked = (await Enable(snapshot, ZoneA)).Successful.Single();
        Assert.Equal("enabling", asked.State.Value);
        Assert.Equal("Client.UserInitiated", asked.StateTransitionReason);
        Assert.Equal(("use1-az1", TestServer.A), (asked.AvailabilityZoneId, asked.OwnerId));

        var enabled = await RestoreIs(snapshot, ZoneA, "enabled");
        Assert.Equal("Client.UserInitiated - Lifecycle state transition", enabled.StateTransitionReason);
        Assert.True(enabled.EnablingTime <= enabled.OptimizingTime && enabled.OptimizingTime <= enabled.EnabledTime);

        // The bucket begins empty; at 1 GiB it holds ten and gets ten in an hour.
        Assert.False((await Volume(snapshot)).FastRestored);
        await server.Advance(TimeSpan.FromHours(2));
        for (var i = 0; i < 10; i++)
            Assert.True((await Volume(snapshot)).FastRestored);
        Assert.False((await Volume(snapshot)).FastRestored);
        await server.Advance(TimeSpan.FromMinutes(7));
        var elsewhere = await Volume(snapshot, r => r.AvailabilityZone = ZoneB);
        var slow = await Volume(snapshot, r => r.VolumeInitializationRate = 100);
        var fast = await Volume(snapshot);
        Assert.Equal((false, false, true), (elsewhere.FastRestored, slow.FastRestored, fast.FastRestored));

        var status = (await ec2.DescribeVolumeStatusAsync(
            new DescribeVolumeStatusRequest { VolumeIds = [fast.VolumeId] }, Cancel)).VolumeStatuses.Single();
        Assert.Equal(100, status.InitializationStatusDetails.Progress);
        Assert.Equal("default", status.InitializationStatusDetails.InitializationType.Value);
        Assert.Equal(sum, await Disk.Sha256(server, fast.VolumeId));
        var found = await ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest
            {
                Filters = [new Filter("fast-restored", ["true"]), new Filter("snapshot-id", [snapshot])],
            }, Cancel);
        Assert.Equal(11, found.Volumes.Count);
    }

    [Fact]
    public async Task Under_another_key_a_fast_restore_is_local_all_the_same()
    {
        var (snapshot, sum) = await Source(2);
        var key = (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        await Enable(snapshot, ZoneA);
        await RestoreIs(snapshot, ZoneA, "enabled");
        await server.Advance(TimeSpan.FromHours(1));

        var volume = await Volume(snapshot, r => (r.Encrypted, r.KmsKeyId) = (true, key));

        Assert.True(volume.FastRestored);
        Assert.True((await server.Ec2().DescribeVolumeStatusAsync(
            new DescribeVolumeStatusRequest { VolumeIds = [volume.VolumeId] }, Cancel))
            .VolumeStatuses.Single().InitializationStatusDetails.Progress == 100);
        Assert.Equal(sum, await Disk.Sha256(server, volume.VolumeId));
    }

    [Fact]
    public async Task Over_a_damaged_block_it_is_a_volume_like_any_other()
    {
        var (snapshot, _) = await Source(9);
        var key = (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        await Enable(snapshot, ZoneA);
        await RestoreIs(snapshot, ZoneA, "enabled");
        await server.Advance(TimeSpan.FromHours(1));
        var bytes = Disk.Bytes(9, 3 * MiB);
        Disk.Damage(server, bytes[..(MiB / 2)]);

        var volume = await Volume(snapshot, r => (r.Encrypted, r.KmsKeyId) = (true, key));

        Assert.Equal(("available", false), (volume.State.Value, volume.FastRestored));
        Assert.Equal(bytes[MiB..], await Disk.Read(server, volume.VolumeId, 10 * MiB, 2 * MiB));
    }

    [Fact]
    public async Task What_cannot_be_enabled_is_told_by_snapshot_and_zone()
    {
        var (snapshot, _) = await Source(3);
        var unknown = "snap-0123456789abcdef0";
        var mixed = await server.Ec2().EnableFastSnapshotRestoresAsync(new EnableFastSnapshotRestoresRequest
        {
            SourceSnapshotIds = [snapshot, unknown], AvailabilityZoneIds = ["use1-az1", "use1-az2"],
        }, Cancel);
        Assert.Equal([snapshot, snapshot], mixed.Successful.Select(s => s.SnapshotId));
        var refused = mixed.Unsuccessful.Single();
        Assert.Equal(unknown, refused.SnapshotId);
        Assert.Equal([ZoneA, ZoneB], refused.FastSnapshotRestoreStateErrors.Select(e => e.AvailabilityZone));
        Assert.All(refused.FastSnapshotRestoreStateErrors, e => Assert.Equal("InvalidSnapshot.NotFound", e.Error.Code));

        var again = await Disable(snapshot, "us-east-1c");
        Assert.Equal("IncorrectState", again.Unsuccessful.Single().FastSnapshotRestoreStateErrors.Single().Error.Code);
        await Ec2Waits.Refused("InvalidZone.NotFound", () => Enable(snapshot, "eu-west-1a"));
        await Ec2Waits.Refused("MissingParameter", () => server.Ec2().EnableFastSnapshotRestoresAsync(
            new EnableFastSnapshotRestoresRequest { SourceSnapshotIds = [snapshot] }, Cancel));
        await Ec2Waits.Refused("InvalidParameterCombination", () => server.Ec2().EnableFastSnapshotRestoresAsync(
            new EnableFastSnapshotRestoresRequest
            {
                SourceSnapshotIds = [snapshot], AvailabilityZones = [ZoneA], AvailabilityZoneIds = ["use1-az1"],
            }, Cancel));
    }

    [Fact]
    public async Task Disabling_and_deleting_end_it_and_a_quota_bounds_it()
    {
        await using var own = new TestServer { Configure = o => o.FastSnapshotRestoresPerRegion = 1 };
        await own.InitializeAsync();
        var ec2 = own.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(own, volume, 0, Disk.Bytes(4, MiB));
        var (one, two) = ((await ec2.NewSnapshot(volume)).SnapshotId, (await ec2.NewSnapshot(volume)).SnapshotId);
        Task<EnableFastSnapshotRestoresResponse> Enable(string snapshot) => ec2.EnableFastSnapshotRestoresAsync(
            new EnableFastSnapshotRestoresRequest { SourceSnapshotIds = [snapshot], AvailabilityZones = [ZoneA] },
            Cancel);
        async Task Is(string snapshot, string state) => await TestServer.Eventually(async () =>
            (await ec2.DescribeFastSnapshotRestoresAsync(new DescribeFastSnapshotRestoresRequest
            {
                Filters = [new Filter("snapshot-id", [snapshot]), new Filter("state", [state])],
            }, Cancel)).FastSnapshotRestores?.Count ?? 0, count => count == 1);
        await Enable(one);
        await Is(one, "enabled");
        Assert.Equal("ResourceLimitExceeded",
            (await Enable(two)).Unsuccessful.Single().FastSnapshotRestoreStateErrors.Single().Error.Code);

        var disabling = await ec2.DisableFastSnapshotRestoresAsync(new DisableFastSnapshotRestoresRequest
        {
            SourceSnapshotIds = [one], AvailabilityZones = [ZoneA],
        }, Cancel);
        Assert.Equal("disabling", disabling.Successful.Single().State.Value);
        await Is(one, "disabled");
        await Enable(two);
        await Is(two, "enabled");
        await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = two }, Cancel);
        await Is(two, "disabled");

        await own.Advance(TimeSpan.FromHours(2));
        await TestServer.Eventually(async () => (await ec2.DescribeFastSnapshotRestoresAsync(
            new DescribeFastSnapshotRestoresRequest(), Cancel)).FastSnapshotRestores?.Count ?? 0, left => left == 0);
        var loaded = Path.Combine(own.DataFolder, "us-east-1", "loaded");
        await TestServer.Eventually(
            () => Task.FromResult(Directory.EnumerateDirectories(loaded).Any()), left => !left);
    }

    [Fact]
    public async Task A_share_that_is_taken_back_ends_the_recipients_fast_restore()
    {
        var (snapshot, _) = await Source(5);
        Task Share(OperationType how) => server.Ec2().ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
        {
            SnapshotId = snapshot, Attribute = SnapshotAttributeName.CreateVolumePermission, OperationType = how,
            UserIds = [TestServer.B],
        }, Cancel);
        var recipient = server.Ec2(TestServer.B);
        Task<EnableFastSnapshotRestoresResponse> Enable() => recipient.EnableFastSnapshotRestoresAsync(
            new EnableFastSnapshotRestoresRequest { SourceSnapshotIds = [snapshot], AvailabilityZones = [ZoneA] },
            Cancel);
        Assert.Single((await Enable()).Unsuccessful);
        await Share(OperationType.Add);
        Assert.Single((await Enable()).Successful);

        await Share(OperationType.Remove);

        await TestServer.Eventually(async () => (await recipient.DescribeFastSnapshotRestoresAsync(
            new DescribeFastSnapshotRestoresRequest(), Cancel)).FastSnapshotRestores.Single().State.Value,
            state => state == "disabled");
    }

    private async Task<(string SnapshotId, string Sum)> Source(int seed)
    {
        var volume = await server.Ec2().NewVolume();
        await Disk.Write(server, volume, seed * MiB, Disk.Bytes(seed, 3 * MiB));
        return ((await server.Ec2().NewSnapshot(volume)).SnapshotId, await Disk.Sha256(server, volume));
    }

    private async Task<Volume> Volume(string snapshot, Action<CreateVolumeRequest>? more = null)
    {
        var id = await server.Ec2().NewVolume(snapshotId: snapshot, more: more);
        return await server.Ec2().VolumeIs(id, "available");
    }

    private Task<EnableFastSnapshotRestoresResponse> Enable(string snapshot, string zone) =>
        server.Ec2().EnableFastSnapshotRestoresAsync(new EnableFastSnapshotRestoresRequest
        {
            SourceSnapshotIds = [snapshot], AvailabilityZones = [zone],
        }, Cancel);

    private Task<DisableFastSnapshotRestoresResponse> Disable(string snapshot, string zone) =>
        server.Ec2().DisableFastSnapshotRestoresAsync(new DisableFastSnapshotRestoresRequest
        {
            SourceSnapshotIds = [snapshot], AvailabilityZones = [zone],
        }, Cancel);

    private Task<DescribeFastSnapshotRestoreSuccessItem> RestoreIs(string snapshot, string zone, string state) =>
        TestServer.Eventually(
            async () => (await server.Ec2().DescribeFastSnapshotRestoresAsync(new DescribeFastSnapshotRestoresRequest
            {
                Filters = [new Filter("snapshot-id", [snapshot]), new Filter("availability-zone", [zone])],
            }, Cancel)).FastSnapshotRestores.Single(),
            r => r.State.Value == state);
}
