using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Snapshots;

public sealed class CopySnapshotTests(TestServer server) : IClassFixture<TestServer>
{
    private const int MiB = 1 << 20;
    private const string West = "us-west-2";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_in_another_Region_has_the_same_bytes_and_stands_alone()
    {
        var (source, volume, sum) = await Source(1, 4 * MiB);
        var copy = await Copied(source, West);
        await server.Ec2().DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = source }, Cancel);
        await server.Ec2().DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume }, Cancel);

        Assert.Equal("vol-ffffffff", copy.VolumeId);
        Assert.Equal(sum, await Sum(copy.SnapshotId, West));
    }

    [Fact]
    public async Task A_second_copy_of_a_lineage_moves_only_what_changed_also_under_another_key()
    {
        var (first, volume, _) = await Source(2, 8 * MiB);
        var key = await Key(West);
        void Encrypt(CopySnapshotRequest r) => (r.Encrypted, r.KmsKeyId) = (true, key);
        await Copied(first, West, Encrypt);
        await Disk.Write(server, volume, MiB, Disk.Bytes(3, MiB / 2));
        var second = (await server.Ec2().NewSnapshot(volume)).SnapshotId;

        var copy = await Copied(second, West, Encrypt);

        var row = await server.WithDb(async db => await db.Snapshots.FindAsync([copy.SnapshotId], Cancel));
        Assert.InRange(row!.TransferredBytes, MiB / 2, MiB);
        Assert.Equal(await Disk.Sha256(server, volume), await Sum(copy.SnapshotId, West));
    }

    [Fact]
    public async Task Encryption_can_be_added_and_changed_and_never_removed()
    {
        var (clear, _, sum) = await Source(4, 2 * MiB);
        var (k1, k2) = (await Key("us-east-1"), await Key("us-east-1"));

        var one = await Copied(clear, "us-east-1", r => (r.Encrypted, r.KmsKeyId) = (true, k1));
        var two = await Copied(one.SnapshotId, "us-east-1", r => (r.Encrypted, r.KmsKeyId) = (true, k2));
        var same = await Copied(one.SnapshotId, "us-east-1");

        Assert.Equal(k1, one.KmsKeyId);
        Assert.Equal(k2, two.KmsKeyId);
        Assert.Equal(k1, same.KmsKeyId);
        foreach (var copy in new[] { one, two, same })
        {
            Assert.True(copy.Encrypted);
            Assert.Equal(sum, await Sum(copy.SnapshotId, "us-east-1"));
        }
        await Ec2Waits.Refused("InvalidRequest", () => server.Ec2().CopySnapshotAsync(new CopySnapshotRequest
        {
            SourceRegion = "us-east-1", SourceSnapshotId = one.SnapshotId, Encrypted = false,
        }, Cancel));
        await Ec2Waits.Refused("InvalidParameterDependency", () => server.Ec2().CopySnapshotAsync(
            new CopySnapshotRequest
            {
                SourceRegion = "us-east-1", SourceSnapshotId = clear, KmsKeyId = k1,
            }, Cancel));
    }

    [Fact]
    public async Task Without_a_key_another_Region_takes_the_replica_or_the_default_key()
    {
        var (clear, _, sum) = await Source(5, MiB);
        var multi = (await server.Kms().CreateKeyAsync(
            new CreateKeyRequest { MultiRegion = true }, Cancel)).KeyMetadata;
        var encrypted = await Copied(clear, "us-east-1", r => (r.Encrypted, r.KmsKeyId) = (true, multi.Arn));

        var before = await Copied(encrypted.SnapshotId, West);
        await server.Kms().ReplicateKeyAsync(
            new ReplicateKeyRequest { KeyId = multi.KeyId, ReplicaRegion = West }, Cancel);
        var after = await Copied(encrypted.SnapshotId, West);

        Assert.DoesNotContain(multi.KeyId, before.KmsKeyId, StringComparison.Ordinal);
        Assert.Equal($"arn:aws:kms:{West}:{TestServer.A}:key/{multi.KeyId}", after.KmsKeyId);
        Assert.Equal(sum, await Sum(after.SnapshotId, West));
        Assert.Equal(sum, await Sum(before.SnapshotId, West));
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_fails_the_copy_and_not_the_call()
    {
        var (clear, _, _) = await Source(6, MiB);
        var east = await Key("us-east-1");

        var id = (await server.Ec2(region: West).CopySnapshotAsync(new CopySnapshotRequest
        {
            SourceRegion = "us-east-1", SourceSnapshotId = clear, Encrypted = true, KmsKeyId = east,
        }, Cancel)).SnapshotId;

        var failed = await server.Ec2(region: West).SnapshotIs(id, "error");
        Assert.Contains("key", failed.StateMessage, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_disabled_key_stops_volumes_and_heals_when_enabled()
    {
        var ec2 = server.Ec2();
        var key = await Key("us-east-1");
        var volume = await ec2.NewVolume(more: r => (r.Encrypted, r.KmsKeyId) = (true, key));
        await Disk.Write(server, volume, 0, Disk.Bytes(7, MiB));
        var sum = await Disk.Sha256(server, volume);
        var snapshot = await ec2.NewSnapshot(volume);
        Assert.Equal(key, snapshot.KmsKeyId);

        await server.Kms().DisableKeyAsync(new DisableKeyRequest { KeyId = key }, Cancel);
        var refused = await ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = "us-east-1a", SnapshotId = snapshot.SnapshotId,
        }, Cancel);
        await ec2.VolumeIs(refused.Volume.VolumeId, "error");
        await Ec2Waits.Refused("InvalidKmsKey.InvalidState", () => ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume }, Cancel));

        await server.Kms().EnableKeyAsync(new EnableKeyRequest { KeyId = key }, Cancel);
        var healed = await ec2.NewVolume(snapshotId: snapshot.SnapshotId);
        Assert.Equal(sum, await Disk.Sha256(server, healed));
    }

    [Fact]
    public async Task Encrypted_blocks_are_not_the_bytes_that_were_written()
    {
        var ec2 = server.Ec2(region: "eu-north-1");
        var key = await Key("eu-north-1");
        var volume = await ec2.NewVolume(more: r =>
            (r.Encrypted, r.KmsKeyId, r.AvailabilityZone) = (true, key, "eu-north-1a"));
        var text = "a sentence that must not be found in the store, whatever the frame it lies in"u8.ToArray();
        var bytes = new byte[MiB];
        for (var at = 0; at + text.Length < bytes.Length; at += 4096)
            text.CopyTo(bytes, at);
        await Disk.Write(server, volume, 0, bytes);

        await ec2.NewSnapshot(volume);
        await server.StopAsync();
        await server.StartAsync();

        foreach (var file in Directory.EnumerateFiles(
            Path.Combine(server.DataFolder, "eu-north-1", "blocks"), "*", SearchOption.AllDirectories))
        {
            // Held by the service, and empty.
            if (Path.GetFileName(file) == "lock")
                continue;
            var stored = await File.ReadAllBytesAsync(file, Cancel);
            Assert.True(stored.AsSpan().IndexOf(text.AsSpan(0, 16)) < 0, file);
        }
    }

    [Fact]
    public async Task A_slow_copy_tells_its_progress()
    {
        await using var slow = new TestServer { Configure = o => o.CopyMiBPerSecond = 8 };
        await slow.InitializeAsync();
        var ec2 = slow.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(slow, volume, 0, Disk.Bytes(8, 24 * MiB));
        var sum = await Disk.Sha256(slow, volume);
        var source = await ec2.NewSnapshot(volume);
        var west = slow.Ec2(region: West);

        var id = (await west.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = source.SnapshotId },
            Cancel)).SnapshotId;
        var half = await TestServer.Eventually(
            async () => (await west.DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0],
            s => s.Progress is not ("0%" or "100%") || s.State != SnapshotState.Pending);
        Assert.Equal("pending", half.State.Value);
        await west.SnapshotIs(id, "completed");

        var copy = await west.NewVolume(snapshotId: id, more: r => r.AvailabilityZone = West + "a");
        Assert.Equal(sum, await Disk.Sha256(slow, copy));
    }

    private async Task<(string Snapshot, string Volume, string Sum)> Source(int seed, int count)
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        await Disk.Write(server, volume, 0, Disk.Bytes(seed, count));
        return ((await ec2.NewSnapshot(volume)).SnapshotId, volume, await Disk.Sha256(server, volume));
    }

    private async Task<Snapshot> Copied(string source, string region, Action<CopySnapshotRequest>? more = null)
    {
        var request = new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = source };
        more?.Invoke(request);
        var ec2 = server.Ec2(region: region);
        return await ec2.SnapshotIs((await ec2.CopySnapshotAsync(request, Cancel)).SnapshotId, "completed");
    }

    private async Task<string> Sum(string snapshot, string region)
    {
        var volume = await server.Ec2(region: region).NewVolume(
            snapshotId: snapshot, more: r => r.AvailabilityZone = region + "a");
        return await Disk.Sha256(server, volume);
    }

    private async Task<string> Key(string region) =>
        (await server.Kms(region: region).CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
}
