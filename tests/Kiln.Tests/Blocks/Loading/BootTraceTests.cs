using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Loading;

public sealed class BootTraceTests
{
    private static readonly ManifestId Id = new(new string('a', 64));

    [Fact]
    public void What_a_boot_read_is_there_before_the_next_one_asks()
    {
        using var lazy = new Lazy();
        using (var first = lazy.New("first"))
        {
            first.BeginBoot();
            Boot(first);
            first.EndBoot();
        }

        var trace = lazy.Store.FindTrace(lazy.Manifest)!;
        Assert.Equal(
            [(5000L, (byte)0b11), (0L, (byte)1), (4097L, (byte)0b1000_0000), (0L, (byte)0b10)],
            trace.Entries.Select(e => (e.Block, e.Frames)));

        // Another process, so that nothing is cached.
        using var store = Reopen(lazy);
        using var second = VolumeDevice.Create(
            lazy.Folder("second"), Lazy.Size, lazy.Manifest, store, lazy.Key, TimeProvider.System);
        second.BeginBoot();
        Assert.True(SpinWait.SpinUntil(() => store.Loader.Count == 0, TimeSpan.FromSeconds(30)));
        var pulled = store.Cache.Pulls;
        Assert.Equal(5, pulled);
        Boot(second);
        Assert.Equal(pulled, store.Cache.Pulls);
        second.EndBoot();
        Assert.Equal(2, store.FindTrace(lazy.Manifest)!.Boots);
    }

    [Fact]
    public void Traces_live_as_long_as_their_manifests_and_a_damaged_one_is_none()
    {
        using var lazy = new Lazy();
        lazy.Store.AddToTrace(lazy.Manifest, [(0, 1)]);
        lazy.Store.AddToTrace(Id, [(0, 1)]);
        Assert.Equal(1, lazy.Store.SweepTraces());
        Assert.Null(lazy.Store.FindTrace(Id));
        Assert.NotNull(lazy.Store.FindTrace(lazy.Manifest));

        var file = Path.Combine(lazy.Folder("blocks"), "traces", lazy.Manifest.ToString());
        File.WriteAllBytes(file, [.. File.ReadAllBytes(file).Select(b => (byte)(b + 1))]);
        Assert.Null(lazy.Store.FindTrace(lazy.Manifest));
        lazy.Store.AddToTrace(lazy.Manifest, [(3, 2)]);
        Assert.Equal([new TraceEntry(3, 2, 1)], lazy.Store.FindTrace(lazy.Manifest)!.Entries);
    }

    [Fact]
    public void The_latest_boot_leads_and_eight_that_do_not_ask_forget()
    {
        var trace = BootTrace.Merge(null, Id, [(7, 0b1), (8, 0b1), (7, 0b11)]);
        Assert.Equal(
            [new TraceEntry(7, 0b1, 1), new TraceEntry(8, 0b1, 1), new TraceEntry(7, 0b10, 1)], trace.Entries);

        trace = BootTrace.Merge(trace, Id, [(8, 0b1), (9, 0b1)]);
        Assert.Equal([8L, 9L, 7L, 7L], trace.Entries.Select(e => e.Block));
        Assert.Equal([(byte)0b11, (byte)0b1, (byte)0b10, (byte)0b10], trace.Entries.Select(e => e.Boots));

        for (var boot = 0; boot < 7; boot++) trace = BootTrace.Merge(trace, Id, [(8, 0b1)]);
        Assert.Equal([8L, 9L], trace.Entries.Select(e => e.Block));
        Assert.Equal([8L], BootTrace.Merge(trace, Id, [(8, 0b1)]).Entries.Select(e => e.Block));
    }

    [Fact]
    public void A_trace_has_a_largest_size()
    {
        var many = Enumerable.Range(0, BootTrace.EntriesMax).Select(i => ((long)i, (byte)1)).ToList();
        var trace = BootTrace.Merge(BootTrace.Merge(null, Id, many), Id, [(1L << 40, 0xFF)]);
        Assert.Equal(BootTrace.EntriesMax, trace.Entries.Count);
        Assert.Equal(new TraceEntry(1L << 40, 0xFF, 1), trace.Entries[0]);
        var bytes = TraceFormat.Encode(trace);
        Assert.Equal(TraceFormat.BytesMax, bytes.Length);
        Assert.Equal(trace.Entries, TraceFormat.Decode(bytes, Id).Entries);
    }

    [Fact]
    public void The_reader_refuses_what_is_no_trace()
    {
        var random = new Random(21);
        var good = TraceFormat.Encode(BootTrace.Merge(null, Id, [(7, 1), (8, 255), (1L << 47, 3)]));
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = good.AsSpan(0, random.Next(8) == 0 ? random.Next(good.Length + 1) : good.Length).ToArray();
            for (var i = random.Next(4); i >= 0 && bytes.Length > 0; i--)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Assert.Equal(good, TraceFormat.Encode(TraceFormat.Decode(bytes, Id)));
            }
            catch (BlockCorruptException)
            {
                // As it should.
            }
        }

        Assert.Throws<BlockCorruptException>(() => TraceFormat.Decode(good, new ManifestId(new string('b', 64))));
    }

    private static void Boot(VolumeDevice volume)
    {
        Span<byte> sector = stackalloc byte[4096];
        volume.Read((5000L * Block.Size) + Block.FrameSize - 2048, sector);
        volume.Read(0, sector);
        volume.Read((4098L * Block.Size) - 4096, sector);
        volume.Read(8192, sector);
        volume.Read(Block.FrameSize, sector);
    }

    private static BlockStore Reopen(Lazy lazy)
    {
        lazy.Store.Dispose();
        return Some.Store(lazy.Folder("blocks"));
    }
}
