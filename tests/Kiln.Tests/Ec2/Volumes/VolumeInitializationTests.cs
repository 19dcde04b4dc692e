using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Volumes;

public sealed class VolumeInitializationTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rate_is_for_snapshots_and_from_100_to_300()
    {
        var ec2 = server.Ec2();
        var (snapshot, _) = await Source(1);
        Task Create(int rate, string? from) => ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = "us-east-1a", Size = 1, SnapshotId = from, VolumeInitializationRate = rate,
        }, Cancel);
        await Ec2Waits.Refused("InvalidParameterValue", () => Create(99, snapshot));
        await Ec2Waits.Refused("InvalidParameterValue", () => Create(301, snapshot));
        await Ec2Waits.Refused("InvalidParameterCombination", () => Create(100, null));
        var mapping = Requests.Registration("rate", snapshot);
        mapping.BlockDeviceMappings[0].Ebs.VolumeInitializationRate = 100;
        await Ec2Waits.Refused("InvalidBlockDeviceMapping", () => ec2.RegisterImageAsync(mapping, Cancel));
    }

    [Fact]
    public async Task A_volume_with_a_rate_is_initialized_and_says_so()
    {
        var ec2 = server.Ec2();
        var (snapshot, sum) = await Source(2);
        var volume = await ec2.NewVolume(snapshotId: snapshot, more: r => r.VolumeInitializationRate = 300);

        var done = await Initialized(volume);

        Assert.Equal("provisioned-rate", done.InitializationStatusDetails.InitializationType.Value);
        Assert.Equal(100, done.InitializationStatusDetails.Progress);
        Assert.Equal(0, done.InitializationStatusDetails.EstimatedTimeToCompleteInSeconds);
        var shown = await ec2.VolumeIs(volume, "available");
        Assert.Equal(300, shown.VolumeInitializationRate);
        Assert.False(shown.FastRestored);
        Assert.Equal(sum, await Disk.Sha256(server, volume));

        // The next of the same snapshot shares its files, and is there at once.
        var second = await ec2.NewVolume(snapshotId: snapshot);
        Assert.Equal("completed", State(await Status(second)));
        await Disk.Write(server, second, MiB, Disk.Bytes(9, MiB));
        Assert.Equal(sum, await Disk.Sha256(server, volume));
        Assert.NotEqual(sum, await Disk.Sha256(server, second));
    }

    [Fact]
    public async Task Without_a_rate_a_volume_is_initialized_when_it_lives_on_and_an_empty_one_never()
    {
        var ec2 = server.Ec2();
        var (snapshot, sum) = await Source(3);
        var key = (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var clear = await ec2.NewVolume(snapshotId: snapshot);
        var other = await ec2.NewVolume(
            snapshotId: snapshot, more: r => (r.Encrypted, r.KmsKeyId) = (true, key));
        var empty = await ec2.NewVolume();
        var before = await Status(clear);
        Assert.Equal("initializing", State(before));
        Assert.Equal("default", before.InitializationStatusDetails.InitializationType.Value);
        Assert.Null(before.InitializationStatusDetails.EstimatedTimeToCompleteInSeconds);

        await server.Advance(TimeSpan.FromSeconds(61));

        await Initialized(clear);
        await Initialized(other);
        Assert.Equal(sum, await Disk.Sha256(server, clear));
        Assert.Equal(sum, await Disk.Sha256(server, other));
        var none = await Status(empty);
        Assert.Null(none.InitializationStatusDetails);
        Assert.DoesNotContain(none.VolumeStatus.Details, d => d.Name.Value == "initialization-state");
    }

    [Fact]
    public async Task A_launch_gives_its_volumes_a_rate()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("with-rate");
        var instance = await ec2.Running(image, r => r.BlockDeviceMappings =
        [
            new BlockDeviceMapping
            {
                DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeInitializationRate = 120 },
            },
        ]);
        var root = instance.VolumeOf("/dev/xvda");
        Assert.Equal(120, (await ec2.VolumeIs(root, "in-use")).VolumeInitializationRate);
        await Initialized(root);
    }

    [Fact]
    public async Task A_boot_is_recorded_and_the_next_one_finds_it_read()
    {
        await using var own = new TestServer { Configure = o => o.BootTraceSeconds = 1 };
        await own.InitializeAsync();
        var ec2 = own.Ec2();
        var (image, _) = await own.NewImage("booted");
        var first = await ec2.Running(image);
        await Disk.Read(own, first.VolumeOf("/dev/xvda"), MiB, 4096);
        var traces = Path.Combine(own.DataFolder, "us-east-1", "blocks", "traces");
        await TestServer.Eventually(() => Task.FromResult(Directory.Exists(traces)
            && Directory.EnumerateFiles(traces).Any()), there => there);
        await own.StopAsync();
        await own.StartAsync();

        await own.Ec2().Running(image);

        var cache = own.Server.Services.GetRequiredService<RegionStores>().Of("us-east-1").Cache;
        await TestServer.Eventually(() => Task.FromResult(cache.Pulls), pulls => pulls == 1);
    }

    [Fact]
    public async Task A_volume_that_is_deleted_while_it_loads_is_gone()
    {
        var ec2 = server.Ec2();
        var (snapshot, _) = await Source(5);
        for (var round = 0; round < 5; round++)
        {
            var volume = await ec2.NewVolume(snapshotId: snapshot, more: r => r.VolumeInitializationRate = 100);
            await ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume }, Cancel);
            var folder = server.Server.Services.GetRequiredService<VolumeDevices>().FolderOf("us-east-1", volume);
            await TestServer.Eventually(() => Task.FromResult(Directory.Exists(folder)), there => !there);
        }
    }

    [Fact]
    public async Task A_volume_whose_snapshot_was_deleted_and_collected_is_initialized_from_its_own()
    {
        await using var own = new TestServer { Configure = o => o.HydrateAfterSeconds = 86_400 };
        await own.InitializeAsync();
        var ec2 = own.Ec2();
        var source = await ec2.NewVolume();
        await Disk.Write(own, source, 0, Disk.Bytes(6, 3 * MiB));
        var snapshot = (await ec2.NewSnapshot(source)).SnapshotId;
        var volume = await ec2.NewVolume(snapshotId: snapshot);
        await Disk.Write(own, volume, 0, Disk.Bytes(7, MiB));
        await ec2.NewSnapshot(volume);
        var sum = await Disk.Sha256(own, volume);
        await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = snapshot }, Cancel);
        await ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = source }, Cancel);
        var manifest = new ManifestId(
            await own.WithDb(async db => (await db.Volumes.FindAsync([volume], Cancel))!.BaseManifestId!));
        var store = own.Server.Services.GetRequiredService<RegionStores>().Of("us-east-1");
        await TestServer.Eventually(
            async () =>
            {
                await own.Advance(TimeSpan.FromMinutes(6));
                return store.HasManifest(manifest);
            },
            there => !there);

        await own.Advance(TimeSpan.FromDays(1));

        await TestServer.Eventually(
            async () => (await own.WithDb(async db => await db.Volumes.FindAsync([volume], Cancel)))!.InitializedAt,
            at => at is not null);
        Assert.Equal(sum, await Disk.Sha256(own, volume));
        Assert.Equal(0, store.TrashReads);
    }

    [Fact]
    public async Task What_a_transfer_has_made_is_a_root_of_its_own_Region_and_a_load_makes_none()
    {
        var (made, read) = (new ManifestId(new string('a', 64)), new ManifestId(new string('b', 64)));
        var transfers = server.Server.Services.GetRequiredService<Transfers>();
        var roots = server.Server.Services.GetRequiredService<StoreRoots>();
        await transfers.Start("x", "eu-west-1", (_, _) => Task.FromResult(new TransferOutcome(made, 0))).Outcome;
        await transfers.Start("y", null, (_, _) => Task.FromResult(new TransferOutcome(read, 0))).Outcome;
        Assert.Contains(made, roots.Of("eu-west-1"));
        Assert.DoesNotContain(made, roots.Of("us-east-1"));
        Assert.DoesNotContain(read, roots.Of("eu-west-1"));
        await transfers.Forget("x");
        await transfers.Forget("y");
    }

    private async Task<(string SnapshotId, string Sum)> Source(int seed)
    {
        var volume = await server.Ec2().NewVolume();
        await Disk.Write(server, volume, seed * MiB, Disk.Bytes(seed, 3 * MiB));
        return ((await server.Ec2().NewSnapshot(volume)).SnapshotId, await Disk.Sha256(server, volume));
    }

    private async Task<VolumeStatusItem> Status(string volume) => (await server.Ec2().DescribeVolumeStatusAsync(
        new DescribeVolumeStatusRequest { VolumeIds = [volume] }, Cancel)).VolumeStatuses.Single();

    private Task<VolumeStatusItem> Initialized(string volume) =>
        TestServer.Eventually(() => Status(volume), s => State(s) == "completed");

    private static string State(VolumeStatusItem status) =>
        status.VolumeStatus.Details.Single(d => d.Name.Value == "initialization-state").Status;
}
