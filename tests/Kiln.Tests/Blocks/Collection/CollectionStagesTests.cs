using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Collection;

/// <summary>A collection in steps: stopped anywhere, resumed or begun anew, it frees the dead and harms
/// nothing.</summary>
public class CollectionStagesTests
{
    private static readonly BlockStoreOptions Options = new() { SegmentBytes = 1 << 20, Writers = 1 };
    private static readonly CollectionOptions Now = new() { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero };
    private static readonly CollectionOptions KeepTrash = new() { Grace = TimeSpan.Zero };

    [Fact]
    public void Stages_come_in_order_and_each_step_is_one_bounded_piece()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var keep = Fill(store);
        var collector = new Collector(store);
        collector.Begin(() => [keep], Now);
        var stages = new List<CollectionStage>();
        CollectionReport? report;
        var steps = 0;
        do
        {
            report = collector.Step(TimeSpan.Zero, CancellationToken.None);
            steps++;
            if (stages.LastOrDefault() != collector.State.Stage) stages.Add(collector.State.Stage);
        }
        while (report is null);

        Assert.Equal(
            [
                CollectionStage.Roots, CollectionStage.Mark, CollectionStage.SweepManifests,
                CollectionStage.SweepSegments, CollectionStage.Compact, CollectionStage.Purge, CollectionStage.Idle,
            ],
            stages);
        Assert.True(report.CompactedSegments > 0 && report.DeletedSegments > report.CompactedSegments);
        Assert.True(steps > 20, $"{steps} steps");
        Assert.Equal(report, collector.State.Last);
        Assert.False(collector.UnderWay);
        Verify(store, keep);
    }

    [Fact]
    public void A_client_may_complete_its_upload_at_any_step()
    {
        for (var at = 0; ; at++)
        {
            using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
            using var builder = store.BuildManifest(1, null);
            builder.Put(0, Some.Block(1));
            var keep = builder.Commit();
            builder.Dispose();
            var staged = store.Stage("snap-1", 2, null);
            var block = Some.Block(777);
            staged.Put(1, block, SHA256.HashData(block));
            store.SealSegments();

            // So long ago that no lease of the put is left.
            new Collector(store).Run(() => [keep], Now, CancellationToken.None);
            var collector = new Collector(store);
            collector.Begin(() => [keep], Now);
            ManifestId? completed = null;
            var steps = 0;
            while (collector.Step(TimeSpan.Zero, CancellationToken.None) is null)
            {
                if (steps++ != at) continue;
                completed = staged.Commit();
                staged.Discard();
            }

            if (completed is not { } id) break;
            Assert.True(store.OpenManifest(id).TryGet(1, out var address));
            var read = new byte[Block.Size];
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(block));
            Assert.Equal(0, store.TrashReads);
            Assert.Equal(0, new Collector(store).Run(() => [keep, id], Now, CancellationToken.None).MissingRecords);
        }
    }

    [Fact]
    public void Cancelled_at_any_step_it_goes_on_there()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var keep = Fill(store);
        var collector = new Collector(store);
        collector.Begin(() => [keep], Now);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        CollectionReport? report = null;
        while (report is null)
        {
            Assert.Throws<OperationCanceledException>(() => collector.Step(TimeSpan.Zero, cancelled.Token));
            report = collector.Step(TimeSpan.Zero, CancellationToken.None);

            // What is put meanwhile is spared, whatever the stage.
            store.Put(Some.Block(90), null);
        }

        Assert.Equal(1, report.DeadManifests);
        Assert.True(store.Contains(AddressOf(90)));
        Verify(store, keep);
    }

    [Fact]
    public void Stopped_after_any_step_the_next_process_begins_anew_and_ends_alike()
    {
        for (var steps = 0; ; steps++)
        {
            var disk = new MemoryBackend();
            ManifestId keep;
            bool through;
            using (var store = BlockStore.Open(disk, Options, TimeProvider.System))
            {
                keep = Fill(store);
                var collector = new Collector(store);
                collector.Begin(() => [keep], Now);
                through = false;
                for (var i = 0; i < steps && !through; i++)
                    through = collector.Step(TimeSpan.Zero, CancellationToken.None) is not null;
                disk = disk.Crash(new Random(steps));
            }

            using var after = BlockStore.Open(disk, Options, TimeProvider.System);
            Verify(after, keep);
            var next = new Collector(after);
            Assert.Equal(steps > 0 && !through ? 1 : 0, next.State.Interrupted);
            Assert.Null(next.Run(() => [keep], Now, CancellationToken.None).Refused);
            Verify(after, keep);
            Assert.False(after.Contains(AddressOf(40)));
            Assert.Empty(after.TrashFiles());
            if (through) break;
        }
    }

    [Fact]
    public void Two_passes_over_one_store_are_refused_and_a_dry_run_keeps_no_state()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var keep = Fill(store);
        var dry = new Collector(store).Run(() => [keep], Now with { DryRun = true }, CancellationToken.None);
        var first = new Collector(store);
        first.Begin(() => [keep], Now);

        Assert.Throws<InvalidOperationException>(() => new Collector(store).Begin(() => [], Now));
        first.Abandon();
        var real = new Collector(store).Run(() => [keep], Now, CancellationToken.None);

        Assert.True(dry.DryRun);
        Assert.Equal(dry.DeadManifests, real.DeadManifests);
        Assert.Equal(dry.ThinSegments, real.CompactedSegments);
        Assert.True(dry.FreedBytes > 0 && real.FreedBytes >= dry.FreedBytes);
    }

    [Fact]
    public void A_full_disk_stops_compaction_and_nothing_else()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var keep = Fill(store);
        disk.SpaceBytes = 0;
        var report = new Collector(store).Run(() => [keep], Now, CancellationToken.None);
        disk.SpaceBytes = long.MaxValue;

        Assert.True(report.NoRoomToCompact);
        Assert.True(report.DeletedSegments > 0 && report.CompactedSegments == 0);
        Verify(store, keep);
        Assert.True(new Collector(store).Run(() => [keep], Now, CancellationToken.None).CompactedSegments > 0);
    }

    [Fact]
    public void A_manifest_that_is_asked_for_in_the_trash_comes_back_with_all_it_reaches()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var forgotten = Fill(store);
        var alarms = new List<string>();
        store.TrashRead += (what, _) => alarms.Add(what);
        new Collector(store).Run(() => [], KeepTrash, CancellationToken.None);
        Assert.False(store.HasManifest(forgotten));

        // The next collection knows the root again: whatever it reaches goes back to work before it is purged.
        var report = new Collector(store).Run(() => [forgotten], Now, CancellationToken.None);

        Assert.Equal($"manifest {forgotten}", alarms[0]);
        Assert.True(report.TakenBack > 0 && report.MissingRecords == 0);
        Assert.Equal(report.TakenBack + 1, store.TrashReads);
        Verify(store, forgotten);
    }

    // Two manifests over the same segments: blocks 0, 10, 20, 30 are kept; 1 to 59 die with the other.
    [Fact]
    public void A_full_disk_is_collected_all_the_same()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var keep = Fill(store);
        store.Put(Some.Block(91), null);
        store.Sync();
        disk.SpaceBytes = 0;

        var report = new Collector(store).Run(() => [keep], Now, CancellationToken.None);

        Assert.True(report.DeadManifests == 1 && report.DeletedSegments > 0);
        Verify(store, keep);
    }

    private static ManifestId Fill(BlockStore store)
    {
        using var keep = store.BuildManifest(10, null);
        using var drop = store.BuildManifest(100, null);
        for (var i = 0; i < 60; i++)
        {
            var address = store.Put(Some.Block(i), null);
            drop.Set(i, address);
            if (i is 0 or 10 or 20 or 30) keep.Set(i / 10, address);
        }

        drop.Commit();
        var id = keep.Commit();
        store.SealSegments();
        return id;
    }

    private static BlockAddress AddressOf(int seed) =>
        new(System.Security.Cryptography.SHA256.HashData(Some.Block(seed)));

    private static void Verify(BlockStore store, ManifestId id)
    {
        var read = new byte[Block.Size];
        foreach (var (index, address) in store.OpenManifest(id).Entries())
        {
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block((int)index * 10)));
        }
    }
}
