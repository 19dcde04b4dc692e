using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Packing;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks.Packing;

public class RecompressorTests
{
    private const int Count = 12;
    private const int Half = 7;

    // Less than in production, where it would take a second a test.
    private static readonly BlockStoreOptions Small = Some.Small with { DenseZstdLevel = 6 };

    private static readonly RecompressionOptions Now = new() { Quiet = TimeSpan.Zero, ProcessorShareMin = 0 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Everything_gets_smaller_once_and_reads_as_before()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        var statistics = store.Statistics;

        var report = new Recompressor(store).Run(Now, Cancel);

        Assert.Equal((RecompressionEnd.Done, 0L), (report.End, report.LeftAlone));
        Assert.Equal(Count + 1, report.Records); // the blocks and a page
        Assert.True(report.BytesAfter < report.BytesBefore);
        Assert.True(report.TrashedSegments > 0);
        Assert.Equal(report.TotalBytes, report.DenseBytes);
        Verify(store, id, null);
        // Their ratio stays that of the ingest.
        Assert.Equal((statistics.PlainBytes, statistics.StoredBytes),
            (store.Statistics.PlainBytes, store.Statistics.StoredBytes));
        Assert.True(statistics.StoredBytes < statistics.PlainBytes);

        var again = new Recompressor(store).Run(Now, Cancel);
        Assert.Equal((RecompressionEnd.Done, 0L), (again.End, again.Records));
    }

    [Fact]
    public void What_was_packed_in_a_hurry_ends_as_small_as_the_rest()
    {
        using var hurried = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        using var plain = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        Commit(hurried, null, Effort.Light);
        Commit(plain, null, Effort.Plain);

        var first = new Recompressor(hurried).Run(Now, Cancel);
        var second = new Recompressor(plain).Run(Now, Cancel);

        Assert.True(first.BytesBefore > second.BytesBefore);
        // Not quite: a record that the higher level makes no smaller stays as it was.
        Assert.InRange(first.BytesAfter, second.BytesAfter * 0.99, second.BytesAfter * 1.01);
    }

    [Fact]
    public void Sealed_records_wait_for_their_key()
    {
        using var domain = Some.Domain();
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        var id = Commit(store, domain, Effort.Plain);
        var recompressor = new Recompressor(store);

        var without = recompressor.Run(Now, Cancel);
        Assert.Equal((RecompressionEnd.Done, (long)Count), (without.End, without.LeftAlone));
        Assert.Equal(0, recompressor.Run(Now, Cancel).LeftAlone); // not even looked at again
        Verify(store, id, domain);

        var with = recompressor.Run(Now with { Domains = [domain] }, Cancel);
        Assert.Equal((RecompressionEnd.Done, 0L), (with.End, with.LeftAlone));
        Assert.Equal(Count, with.Records);
        Verify(store, id, domain);
    }

    [Fact]
    public void A_run_that_the_power_ends_goes_on_where_it_was()
    {
        var disk = new MemoryBackend();
        ManifestId id;
        using (var store = BlockStore.Open(disk, Small, TimeProvider.System))
        {
            id = Commit(store, null, Effort.Plain);
            var cut = new Recompressor(store).Run(Now with { RecordsMax = Half }, Cancel);
            Assert.Equal((RecompressionEnd.SliceOver, (long)Half), (cut.End, cut.Records));
            disk = disk.Crash(new Random(1));
        }

        using var after = BlockStore.Open(disk, Small, TimeProvider.System);
        Verify(after, id, null);
        var rest = new Recompressor(after).Run(Now, Cancel);
        Assert.Equal(RecompressionEnd.Done, rest.End);
        Assert.Equal(Count + 1 - Half, rest.Records);
        Verify(after, id, null);
        Assert.True(new Scrub(after).Run(new CheckOptions { ReadData = true }, Cancel).IsHealthy);
    }

    [Fact]
    public void A_full_disk_stops_it_and_harms_nothing()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        store.SealSegments();
        disk.SpaceBytes = 64 << 10;

        Assert.Equal(RecompressionEnd.StoreFull, new Recompressor(store).Run(Now, Cancel).End);
        Verify(store, id, null);

        disk.SpaceBytes = long.MaxValue;
        Assert.Equal(RecompressionEnd.Done, new Recompressor(store).Run(Now, Cancel).End);
        Verify(store, id, null);
    }

    [Fact]
    public void A_disk_that_fills_up_between_two_records_keeps_all_that_were_moved_readable()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        store.SealSegments();
        var recompressor = new Recompressor(store);
        RecompressionReport report;
        long moved = 0;
        disk.SpaceBytes = store.PackedBytes.Total;
        do
        {
            report = recompressor.Run(Now, Cancel);
            if (report.End == RecompressionEnd.StoreFull) moved += report.Records;
            Verify(store, id, null);
            disk.SpaceBytes += 1 << 20;
        }
        while (report.End == RecompressionEnd.StoreFull);
        Assert.True(moved > 0);
    }

    [Fact]
    public void A_segment_that_it_empties_under_a_collection_does_not_end_the_collection()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        store.SealSegments();
        var collector = new Collector(store);
        collector.Begin(() => [id], new CollectionOptions { Grace = TimeSpan.Zero, CompactBelow = 1 });
        CollectionReport? report = null;
        while (report is null)
        {
            report = collector.Step(TimeSpan.Zero, Cancel);
            if (collector.State.Stage == CollectionStage.SweepSegments) new Recompressor(store).Run(Now, Cancel);
        }

        Assert.Null(report.Refused);
        Verify(store, id, null);
    }

    [Fact]
    public void What_proved_damaged_stays_set_aside()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        store.SealSegments();
        var address = store.OpenManifest(id).Entries().First().Address;
        Assert.True(store.Index.TryFind(address, out var at));

        // As a scrub does that finds whole bytes of wrong content.
        Assert.True(store.Index.TrySetDamaged(address, at.Segment, at.Offset));
        Assert.Equal(1, new Recompressor(store).Run(Now, Cancel).LeftAlone);
        new Collector(store).Run(() => [id], new CollectionOptions { Grace = TimeSpan.Zero, CompactBelow = 1 }, Cancel);
        Assert.True(store.Index.IsDamaged(address));
    }

    [Fact]
    public void A_collection_beside_it_takes_what_is_dead_from_dense_segments_too()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        var id = Commit(store, null, Effort.Plain);
        using (var builder = store.BuildManifest(100, null))
        {
            for (var i = 0; i < 2 * Count; i++) builder.Put(i, Some.Block(i));
            builder.Commit();
        }

        new Recompressor(store).Run(Now, Cancel);
        var (before, _) = store.PackedBytes;
        var collected = new Collector(store).Run(
            () => [id], new CollectionOptions { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero }, Cancel);

        Assert.Equal(Count + 1, collected.DeadRecords);
        Assert.True(store.PackedBytes.Total <= before);
        Verify(store, id, null);
    }

    [Fact]
    public void It_holds_still_while_blocks_are_put()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Small, TimeProvider.System);
        Commit(store, null, Effort.Plain);
        var report = new Recompressor(store).Run(Now with { Quiet = TimeSpan.FromHours(1) }, Cancel);
        Assert.Equal((RecompressionEnd.Demand, 0L), (report.End, report.Records));
    }

    private static ManifestId Commit(BlockStore store, KeyDomain? domain, Effort effort)
    {
        using var builder = store.BuildManifest(100, domain);
        for (var i = 0; i < Count; i++) builder.Set(i, store.Put(Some.Block(i), domain, effort));
        return builder.Commit();
    }

    private static void Verify(BlockStore store, ManifestId id, KeyDomain? domain)
    {
        var block = new byte[Block.Size];
        var part = new byte[Block.FrameSize];
        foreach (var entry in store.OpenManifest(id).Entries())
        {
            store.Read(entry.Address, domain, block);
            Assert.True(block.AsSpan().SequenceEqual(Some.Block((int)entry.Index)));
            store.ReadRange(entry.Address, domain, 100_000, part);
            Assert.True(part.AsSpan().SequenceEqual(block.AsSpan(100_000, part.Length)));
        }
    }
}
