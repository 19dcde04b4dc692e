using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance;

/// <summary>kill -9 in the middle of uploads and copies: a restart finishes them, and no byte is lost.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private static readonly int[] Blocks = [.. Enumerable.Range(0, 40)];
    private readonly World _world = new() { Kiln = new KilnProcess { Arguments = ["--copy-mib-per-second", "4"] } };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_copy_that_was_killed_is_finished_by_the_next_start()
    {
        var source = await _world.Disk(31, blocks: Blocks);
        var west = _world.Ec2(region: KilnProcess.R2);
        var copy = (await west.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = KilnProcess.R1, SourceSnapshotId = source }, Cancel)).SnapshotId;
        var before = await World.Eventually(() => Describe(west, copy), s => s.Progress is not "0%");
        Assert.Equal("pending", before.State.Value);

        await _world.Kiln.Kill();
        await _world.Kiln.Start();

        await World.Eventually(() => Describe(west, copy), s => s.State == SnapshotState.Completed);
        // Segments are only ever appended to: a block that travelled twice would lie there twice.
        Assert.InRange(StoredBytes(KilnProcess.R2), 1, StoredBytes(KilnProcess.R1) * 105 / 100);
        Assert.Equal(World.DigestOf(31, Blocks), await _world.Digest(copy, region: KilnProcess.R2));
    }

    [Fact]
    public async Task A_snapshot_that_was_answered_is_there_after_a_kill()
    {
        var ec2 = _world.Ec2();
        var key = (await _world.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var source = await _world.Disk(32, blocks: Blocks);
        // Under another key than its source's the whole volume has to be stored anew.
        var volume = (await ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = KilnProcess.R1 + "a", SnapshotId = source, Encrypted = true, KmsKeyId = key,
        }, Cancel)).Volume.VolumeId;
        await World.Eventually(
            async () => (await ec2.DescribeVolumesAsync(
                new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel)).Volumes[0],
            v => v.State == VolumeState.Available);

        for (var round = 0; round < 3; round++)
        {
            var snapshot = (await ec2.CreateSnapshotAsync(
                new CreateSnapshotRequest { VolumeId = volume }, Cancel)).Snapshot.SnapshotId;
            await _world.Kiln.Kill();
            await _world.Kiln.Start();

            await World.Eventually(() => Describe(ec2, snapshot), s => s.State == SnapshotState.Completed);
            Assert.Equal(World.DigestOf(32, Blocks), await _world.Digest(snapshot));
        }
    }

    private long StoredBytes(string region) => new DirectoryInfo(
        Path.Combine(_world.Kiln.DataFolder, region, "blocks", "segments")).EnumerateFiles().Sum(f => f.Length);

    private static async Task<Snapshot> Describe(AmazonEC2Client ec2, string id)
    {
        try
        {
            return (await ec2.DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0];
        }
        catch (AmazonServiceException broken) when (broken.InnerException is HttpRequestException)
        {
            // A connection that the killed process had kept open; the next one is new.
            return (await ec2.DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0];
        }
    }
}
