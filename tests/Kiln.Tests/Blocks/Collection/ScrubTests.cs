using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks.Collection;

public class ScrubTests
{
    private static readonly BlockStoreOptions Options = new() { SegmentBytes = 1 << 20, Writers = 1 };

    [Fact]
    public void A_pass_goes_on_after_a_restart_where_it_was()
    {
        var disk = new MemoryBackend();
        var store = BlockStore.Open(disk, Options, TimeProvider.System);
        Commit(store, 20);
        var whole = new Scrub(store).Run(new CheckOptions(), CancellationToken.None);
        var scrub = new Scrub(store);
        Assert.Equal(ScrubPhase.Idle, scrub.State.Phase);
        Assert.NotNull(scrub.State.FinishedAt);

        scrub.Begin();
        CheckReport? report = null;
        var starts = 0;
        while (report is null)
        {
            report = scrub.Step(new CheckOptions(), Timeout.InfiniteTimeSpan, 1 << 20, CancellationToken.None);
            if (report is not null) break;
            Assert.True(scrub.State.BytesRead <= scrub.State.BytesTotal);
            store.Dispose();
            store = BlockStore.Open(disk, Options, TimeProvider.System);
            scrub = new Scrub(store);
            starts++;
        }

        Assert.True(starts > 2, $"{starts} starts");
        Assert.Equal((whole.Records, whole.BytesRead, whole.Manifests), (
            report.Records, report.BytesRead, report.Manifests));
        Assert.True(report.IsHealthy);
        store.Dispose();
    }

    [Fact]
    public void What_is_damaged_is_served_as_far_as_it_is_whole_and_satisfies_no_put()
    {
        var disk = new MemoryBackend();
        var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var block = new byte[Block.Size];
        for (var frame = 0; frame < Block.Frames; frame++)
            new Random(frame).NextBytes(block.AsSpan(frame * Block.FrameSize, Block.FrameSize));
        using var builder = store.BuildManifest(1, null);
        var address = builder.Put(0, block);
        builder.Commit();
        store.SealSegments();
        Damage(store, address, RecordHeader.Size + 10);
        var report = new Scrub(store).Run(new CheckOptions(), CancellationToken.None);
        Assert.Equal((1L, 0L), (report.ProblemCount, report.RepairedCount));
        Assert.Equal(1, store.QuarantinedRecords);
        store.Dispose();

        store = BlockStore.Open(disk, Options, TimeProvider.System);
        Assert.Equal(1, store.QuarantinedRecords);
        var read = new byte[Block.Size];
        store.ReadRange(address, null, Block.FrameSize, read.AsSpan(0, 4096));
        Assert.True(read.AsSpan(0, 4096).SequenceEqual(block.AsSpan(Block.FrameSize, 4096)));
        Assert.Throws<BlockCorruptException>(() => store.Read(address, null, read));

        store.Put(block, null);
        store.Read(address, null, read);
        Assert.True(read.AsSpan().SequenceEqual(block));
        Assert.Equal(0, store.QuarantinedRecords);
        store.Dispose();

        // Also after another start, although the damaged record comes first.
        store = BlockStore.Open(disk, Options, TimeProvider.System);
        store.Read(address, null, read);
        Assert.True(new Scrub(store).Run(new CheckOptions(), CancellationToken.None).IsHealthy);
        store.Dispose();
    }

    [Fact]
    public void A_compacted_segment_in_the_trash_is_a_second_copy()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        using var builder = store.BuildManifest(10, null);
        for (var i = 0; i < 20; i++)
        {
            var put = store.Put(Some.Block(i), null);
            if (i % 10 == 0) builder.Set(i / 10, put);
        }

        var id = builder.Commit();
        builder.Dispose();
        store.SealSegments();
        var collected = new Collector(store).Run(
            () => [id], new CollectionOptions { Grace = TimeSpan.Zero }, CancellationToken.None);
        Assert.True(collected.CompactedSegments > 0);
        store.SealSegments();
        Damage(store, AddressOf(10), RecordHeader.Size + 5);

        var report = new Scrub(store).Run(new CheckOptions(), CancellationToken.None);

        Assert.Equal((1L, true), (report.ProblemCount, report.IsHealthy));
        Assert.Equal(0, store.TrashReads);
        Reads(store, id, i => i * 10);
    }

    [Fact]
    public async Task A_volume_that_still_holds_what_it_uploaded_repairs_the_store()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var volume = VolumeDevice.Create(
            folder.Sub("v"), 4 * Block.Size, null, store, _ => null!, TimeProvider.System);
        volume.Write(0, Some.Block(1));
        volume.Write(Block.Size, Some.Block(2));
        volume.Cut("snap");
        var id = await volume.UploadCutAsync("snap", null, null, TestContext.Current.CancellationToken);
        store.SealSegments();
        Damage(store, AddressOf(2), RecordHeader.Size + 5);

        var report = new Scrub(store).Run(
            new CheckOptions { LocalCopies = volume.TryReadLocal }, CancellationToken.None);

        Assert.Equal((1L, true), (report.ProblemCount, report.IsHealthy));
        Reads(store, id, i => i + 1);
    }

    [Fact]
    public void Damaged_and_missing_manifests_come_from_another_store()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        using var other = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var (damaged, missing, lost) = (Commit(store, 5), Commit(store, 7), Commit(store, 9));
        Assert.Equal(damaged, Commit(other, 5));
        Assert.Equal(missing, Commit(other, 7));
        disk.Open("manifests/" + damaged).Write(70, [0xEE]);
        disk.Delete("manifests/" + missing);
        disk.Delete("manifests/" + lost);

        var options = new CheckOptions { RepairFrom = [other], Roots = () => [damaged, missing, lost] };
        var report = new Scrub(store).Run(options, CancellationToken.None);

        Assert.Equal(3, report.ProblemCount);
        Assert.Equal(lost.ToString(), Assert.Single(report.Problems, p => !p.IsRepaired).Where);
        Reads(store, damaged, i => i);
        Reads(store, missing, i => i);
    }

    [Fact]
    public void A_commit_over_a_rotted_manifest_writes_it_anew()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var id = Commit(store, 3);
        disk.Open("manifests/" + id).Write(70, [0xEE]);
        Assert.Throws<BlockCorruptException>(() => store.OpenManifest(id));

        Assert.Equal(id, Commit(store, 3));

        Reads(store, id, i => i);
    }

    private static void Damage(BlockStore store, BlockAddress address, int at)
    {
        Assert.True(store.Index.TryFind(address, out var location));
        var file = store.Segments.Find(location.Segment)!.File;
        var one = new byte[1];
        file.Read(location.Offset + at, one);
        one[0] ^= 0x40;
        file.Write(location.Offset + at, one);
    }

    private static BlockAddress AddressOf(int seed) => new(SHA256.HashData(Some.Block(seed)));

    private static ManifestId Commit(BlockStore store, int count)
    {
        using var builder = store.BuildManifest(100, null);
        for (var i = 0; i < count; i++) builder.Put(i, Some.Block(i));
        return builder.Commit();
    }

    private static void Reads(BlockStore store, ManifestId id, Func<int, int> seed)
    {
        var read = new byte[Block.Size];
        foreach (var (index, address) in store.OpenManifest(id).Entries())
        {
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block(seed((int)index))));
        }
    }
}
