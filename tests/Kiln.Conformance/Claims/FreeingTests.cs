using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

/// <summary>What deleting snapshots frees; it moves the clock, so it has a world to itself.</summary>
public sealed class FreeingTests : IAsyncLifetime
{
    private readonly World _world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact, Claim("C093")]
    public async Task C093_Blocks_that_no_snapshot_needs_are_freed()
    {
        var kept = await _world.Disk(901, blocks: [0, 1]);
        var large = await _world.Disk(902, blocks: [.. Enumerable.Range(0, 64)]);
        var before = StoredBytes();
        Assert.True(before > 64 * World.BlockBytes / 2, $"{before} bytes stored");

        await _world.Ec2().DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = large }, Cancel);

        await World.Eventually(
            async () =>
            {
                await _world.Kiln.Advance("1d");
                return StoredBytes();
            },
            bytes => bytes < before / 4);
        Assert.Equal(World.DigestOf(901, [0, 1]), await _world.Digest(kept));
    }

    private long StoredBytes() => Directory
        .EnumerateFiles(
            Path.Combine(_world.Kiln.DataFolder, KilnProcess.R1, "blocks"), "*", SearchOption.AllDirectories)
        .Sum(f => new FileInfo(f).Length);
}
