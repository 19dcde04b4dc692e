using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks.Collection;

/// <summary>A damaged record keeps no segment of dead ones: it goes aside, and what can be read of it stays.</summary>
public class AsideTests
{
    private const int Blocks = 8;
    private const int Hurt = 2;

    private static readonly BlockStoreOptions Options = new() { SegmentBytes = 8 << 20, Writers = 1 };
    private static readonly CollectionOptions Now = new() { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero };

    [Theory]
    [InlineData(RecordHeader.Size + 10, true, true)]
    [InlineData(RecordHeader.Size + 10, false, true)]
    [InlineData(40, true, false)]
    [InlineData(40, false, false)]
    public void A_segment_goes_and_its_damaged_record_stays(int at, bool scrubbed, bool servesRest)
    {
        var disk = new MemoryBackend();
        var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var id = Make(store, out var address);
        store.Index.TryFind(address, out var before);
        Damage(store, address, at);
        if (scrubbed) new Scrub(store).Run(new CheckOptions(), CancellationToken.None);

        var report = Collect(store, id);
        Assert.Equal((1, 1), (report.SetAsideRecords, report.CompactedSegments));
        Assert.Null(store.Segments.Find(before.Segment));
        for (var restart = 0; restart < 2; restart++)
        {
            Assert.Equal(1, store.QuarantinedRecords);
            ReadsTheRest(store, id);
            var block = new byte[Block.Size];
            Assert.Throws<BlockCorruptException>(() => store.Read(address, null, block));
            if (servesRest)
            {
                store.ReadRange(address, null, Block.FrameSize, block.AsSpan(0, 4096));
                Assert.True(block.AsSpan(0, 4096).SequenceEqual(Filled(Hurt).AsSpan(Block.FrameSize, 4096)));
            }

            // Nothing beside it is left to free, so it is left alone.
            Assert.Equal((0, 0), (Collect(store, id).SetAsideRecords, store.Recovered.TornRecords));
            store.Dispose();
            store = BlockStore.Open(disk, Options, TimeProvider.System);
        }

        using (var other = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System))
        {
            other.Put(Filled(Hurt), null);
            var scrub = new Scrub(store).Run(new CheckOptions { RepairFrom = [other] }, CancellationToken.None);
            Assert.Equal((1L, true), (scrub.ProblemCount, scrub.IsHealthy));
        }

        Assert.Equal(0, store.QuarantinedRecords);
        store.Read(address, null, new byte[Block.Size]);
        store.SealSegments();
        Collect(store, id);
        Assert.True(new Scrub(store).Run(new CheckOptions(), CancellationToken.None) is { ProblemCount: 0 });
        store.Dispose();
    }

    [Fact]
    public void What_nobody_refers_to_any_more_goes_with_its_damage()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        var id = Make(store, out var address);
        Damage(store, address, RecordHeader.Size + 10);
        Collect(store, id);
        Assert.Equal(1, store.QuarantinedRecords);
        store.SealSegments();

        new Collector(store).Run(() => [], Now, CancellationToken.None);
        Assert.Equal((0, 0), (store.QuarantinedRecords, store.Statistics.Segments));
    }

    [Fact]
    public void On_a_full_disk_it_stays_where_it_is()
    {
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var id = Make(store, out var address);
        Damage(store, address, RecordHeader.Size + 10);
        store.Index.TryFind(address, out var before);

        // Room for what lives, and none for what is damaged.
        disk.SpaceBytes = disk.UsedBytes + 4096;
        Assert.Equal(0, Collect(store, id).SetAsideRecords);
        Assert.NotNull(store.Segments.Find(before.Segment));
        disk.SpaceBytes = long.MaxValue;
        Assert.Equal(1, Collect(store, id).SetAsideRecords);
        ReadsTheRest(store, id);
    }

    // A segment with four blocks that live, one of them to be damaged, among many that do not.
    private static ManifestId Make(BlockStore store, out BlockAddress hurt)
    {
        using var builder = store.BuildManifest(Blocks, null);
        for (var i = 0; i < Blocks; i++)
        {
            builder.Set(i, store.Put(Filled(i), null));
            for (var dead = 0; dead < 2; dead++) store.Put(Filled(100 + (2 * i) + dead), null);
        }

        var id = builder.Commit();
        store.SealSegments();
        store.OpenManifest(id).TryGet(Hurt, out hurt);
        return id;
    }

    private static CollectionReport Collect(BlockStore store, ManifestId id) =>
        new Collector(store).Run(() => [id], Now, CancellationToken.None);

    private static void Damage(BlockStore store, BlockAddress address, int at)
    {
        Assert.True(store.Index.TryFind(address, out var location));
        var file = store.Segments.Find(location.Segment)!.File;
        var one = new byte[1];
        file.Read(location.Offset + at, one);
        one[0] ^= 0x40;
        file.Write(location.Offset + at, one);
    }

    private static void ReadsTheRest(BlockStore store, ManifestId id)
    {
        var manifest = store.OpenManifest(id);
        var block = new byte[Block.Size];
        for (var i = 0; i < Blocks; i++)
        {
            if (i == Hurt) continue;
            Assert.True(manifest.TryGet(i, out var address));
            store.Read(address, null, block);
            Assert.True(block.AsSpan().SequenceEqual(Filled(i)));
        }
    }

    // Small, and yet with bytes in each frame.
    private static byte[] Filled(int value)
    {
        var block = new byte[Block.Size];
        var random = new Random(value);
        for (var frame = 0; frame < Block.Frames; frame++)
            random.NextBytes(block.AsSpan(frame * Block.FrameSize, Block.FrameSize / 4));
        return block;
    }
}
