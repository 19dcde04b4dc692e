using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Collection;

public class CollectorTests
{
    private static readonly CollectionOptions Now = new() { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero };
    private static readonly CollectionOptions KeepTrash = new() { Grace = TimeSpan.Zero };

    [Fact]
    public void Unreachable_goes_and_reachable_stays()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var keep = Commit(store, 0, 10);
        var drop = Commit(store, 5, 40);
        store.SealSegments();
        var report = new Collector(store).Run(() => [keep], Now, CancellationToken.None);
        Assert.Null(report.Refused);
        Assert.Equal(1, report.DeadManifests);
        Assert.Equal(36, report.DeadRecords); // 35 blocks and a page
        Assert.False(store.HasManifest(drop));
        Verify(store, keep, 0, 10);
        Assert.False(store.Contains(AddressOf(20)));
        Assert.True(new Scrub(store).Run(new CheckOptions(), CancellationToken.None).IsHealthy);
    }

    [Fact]
    public void Dry_run_changes_nothing_and_grace_spares_the_young()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var drop = Commit(store, 0, 20);
        store.SealSegments();
        var dry = new Collector(store).Run(() => [], Now with { DryRun = true }, CancellationToken.None);
        Assert.Equal((1, 21L), (dry.DeadManifests, dry.DeadRecords));
        Verify(store, drop, 0, 20);
        var graceful = new Collector(store).Run(() => [], new CollectionOptions(), CancellationToken.None);
        Assert.Equal((0, 0L), (graceful.DeadManifests, graceful.DeadRecords));
        Verify(store, drop, 0, 20);
    }

    [Fact]
    public void Builder_under_way_keeps_what_it_met_before_the_collection()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        Commit(store, 0, 20);
        store.SealSegments();
        using var builder = store.BuildManifest(100, null);
        for (var i = 0; i < 5; i++) builder.Put(i, Some.Block(i)); // dedup hits on what is about to die
        new Collector(store).Run(() => [], Now, CancellationToken.None);
        for (var i = 5; i < 10; i++) builder.Put(i, Some.Block(i)); // met or stored anew after it
        Verify(store, builder.Commit(), 0, 10);
    }

    [Fact]
    public void Dedup_hit_between_mark_and_sweep_saves_the_block()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        Commit(store, 0, 20);
        store.SealSegments();
        ManifestBuilder? builder = null;

        // The roots are asked for after the epoch advanced and before the sweep: the worst moment for a hit.
        new Collector(store).Run(
            () =>
            {
                builder = store.BuildManifest(100, null);
                for (var i = 0; i < 7; i++) builder.Put(i, Some.Block(i));
                return [];
            },
            Now, CancellationToken.None);
        using (builder!) Verify(store, builder!.Commit(), 0, 7);
    }

    [Fact]
    public void Manifest_committed_again_during_a_collection_stays()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var id = Commit(store, 0, 5);
        store.SealSegments();
        new Collector(store).Run(
            () =>
            {
                Assert.Equal(id, Commit(store, 0, 5));
                return [];
            },
            Now, CancellationToken.None);
        Verify(store, id, 0, 5);
    }

    [Fact]
    public void Staged_snapshot_and_volumes_are_roots()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        var id = Commit(store, 0, 5);
        VolumeDevice.Create(
            folder.Sub("volumes/v"), 100 * Block.Size, id, store, _ => null!, TimeProvider.System).Dispose();
        var staged = store.Stage("snap-1", 100, null);
        staged.Put(0, Some.Block(50), System.Security.Cryptography.SHA256.HashData(Some.Block(50)));
        store.SealSegments();
        var options = Now with { VolumesDirectory = folder.Sub("volumes") };
        new Collector(store).Run(() => [], options, CancellationToken.None);
        Verify(store, id, 0, 5);
        Verify(store, staged.Commit(), 50, 1);
    }

    [Fact]
    public void Read_of_trash_is_an_alarm_and_brings_the_segment_back()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        Commit(store, 0, 5);
        store.SealSegments();
        new Collector(store).Run(() => [], KeepTrash, CancellationToken.None);
        Assert.False(store.Contains(AddressOf(3)));
        var read = new byte[Block.Size];
        store.Read(AddressOf(3), null, read);
        Assert.True(read.AsSpan().SequenceEqual(Some.Block(3)));
        Assert.Equal(1, store.TrashReads);
    }

    [Fact]
    public void Thin_segments_are_compacted_and_survive_a_reopen()
    {
        using var folder = new TempFolder();
        ManifestId keep;
        using (var store = Some.Store(folder))
        {
            using var builder = store.BuildManifest(1000, null);
            for (var i = 0; i < 60; i++)
            {
                var address = store.Put(Some.Block(i), null);
                if (i % 10 == 0) builder.Set(i / 10, address);
            }

            keep = builder.Commit();
            builder.Dispose();
            store.SealSegments();
            var before = store.Segments.All.Sum(s => s.File.Length);
            var report = new Collector(store).Run(() => [keep], Now, CancellationToken.None);
            Assert.True(report.CompactedSegments > 0);
            store.SealSegments();
            Assert.True(store.Segments.All.Sum(s => s.File.Length) < before / 3);
        }

        using (var store = Some.Store(folder))
        {
            var read = new byte[Block.Size];
            foreach (var (index, address) in store.OpenManifest(keep).Entries())
            {
                store.Read(address, null, read);
                Assert.True(read.AsSpan().SequenceEqual(Some.Block((int)index * 10)));
            }
        }
    }

    [Fact]
    public void Damaged_page_stops_a_collection_before_it_deletes()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var keep = Commit(store, 0, 5);
        Commit(store, 5, 5);
        store.SealSegments();
        var page = store.OpenManifest(keep).Pages[0].Address;
        store.Index.TryFind(page, out var at);
        store.Segments.Find(at.Segment)!.File.Write(at.Offset + 300, [0xFF, 0xFE, 0xFD]);
        var report = new Collector(store).Run(() => [keep], Now, CancellationToken.None);
        Assert.NotNull(report.Refused);
        Assert.True(store.Contains(AddressOf(7)));
    }

    private static BlockAddress AddressOf(int seed) =>
        new(System.Security.Cryptography.SHA256.HashData(Some.Block(seed)));

    private static ManifestId Commit(BlockStore store, int from, int count)
    {
        using var builder = store.BuildManifest(100, null);
        for (var i = 0; i < count; i++) builder.Put(i, Some.Block(from + i));
        return builder.Commit();
    }

    private static void Verify(BlockStore store, ManifestId id, int from, int count)
    {
        var read = new byte[Block.Size];
        var entries = store.OpenManifest(id).Entries().ToList();
        Assert.Equal(count, entries.Count);
        foreach (var (index, address) in entries)
        {
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block(from + (int)index)));
        }
    }
}
