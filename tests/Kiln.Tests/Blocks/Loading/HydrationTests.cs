using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Loading;

namespace Kiln.Tests.Blocks.Loading;

public sealed class HydrationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private sealed class Reports : IProgress<TransferProgress>
    {
        public ConcurrentQueue<TransferProgress> All { get; } = [];

        public void Report(TransferProgress value) => All.Enqueue(value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hydrated_volume_no_longer_needs_the_stores_blocks(bool encrypted)
    {
        using var lazy = new Lazy(encrypted);
        using (var volume = lazy.New("vol"))
        {
            volume.Write(Block.Size, Some.Block(77));
            Assert.False(volume.IsLocal);
            await volume.HydrateAsync(0, null, Cancel);
            Assert.True(volume.IsLocal);
        }

        lazy.LoseSegments();
        using var alone = lazy.Open("vol");
        Assert.True(alone.IsLocal);
        Lazy.Check(alone, block => block == 1 ? Some.Block(77) : null);
    }

    [Fact]
    public async Task Hydration_goes_on_where_it_was_stopped_and_copies_nothing_twice()
    {
        using var lazy = new Lazy();
        var total = (long)Lazy.Blocks.Length * Block.Size;
        var first = new Reports();
        using (var volume = lazy.New("vol"))
        {
            using var stop = new CancellationTokenSource();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.HydrateAsync(0, first, stop.Token));
            volume.Read(0, new byte[Block.Size]);
        }

        var (second, third) = (new Reports(), new Reports());
        using var again = lazy.Open("vol");
        await again.HydrateAsync(0, second, Cancel);
        await again.HydrateAsync(0, third, Cancel);
        Assert.Equal(new TransferProgress(total, total, total), second.All.Last());
        Assert.Equal(new TransferProgress(total, total), third.All.Last());
        Lazy.Check(again);
    }

    [Fact]
    public async Task A_volume_that_is_deleted_meanwhile_ends_its_hydration()
    {
        using var lazy = new Lazy();
        using var go = new ManualResetEventSlim();
        for (var i = 0; i < Loader.ThreadsMax; i++)
        {
            lazy.Store.Loader.Start(LoadKind.Trace, stop =>
            {
                go.Wait(stop);
                return null;
            }, Cancel);
        }

        var volume = lazy.New("vol");
        var loading = volume.HydrateAsync(0, null, Cancel);
        Assert.Equal(Loader.ThreadsMax, lazy.Store.Loader.CountOf(LoadKind.Trace));
        Assert.Equal(1, lazy.Store.Loader.CountOf(LoadKind.Hydration));
        volume.Dispose();
        VolumeDevice.Delete(lazy.Folder("vol"));
        go.Set();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loading);
        Assert.False(VolumeDevice.Exists(lazy.Folder("vol")));
        Assert.Equal(0, lazy.Store.Loader.CountOf(LoadKind.Hydration));
    }

    [Fact]
    public async Task A_hydration_that_waits_for_its_rate_hears_that_it_is_not_wanted()
    {
        using var lazy = new Lazy(blocks: 64);
        using var volume = lazy.New("vol");
        using var stop = new CancellationTokenSource();
        var progress = new Reports();
        var loading = volume.HydrateAsync(1, progress, stop.Token); // a byte a second: it is never done
        Assert.True(SpinWait.SpinUntil(() => !progress.All.IsEmpty, TimeSpan.FromSeconds(30)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loading);
        Assert.False(volume.IsLocal);
    }

    [Fact]
    public async Task What_is_written_and_trimmed_while_it_hydrates_stays()
    {
        using var lazy = new Lazy();
        using var volume = lazy.New("vol");
        var loading = volume.HydrateAsync(0, null, Cancel);
        volume.Write(9L * Block.Size, Some.Block(9_000));
        volume.Trim(10L * Block.Size, Block.Size);
        volume.Write(4095L * Block.Size, Some.Block(4_000));
        await loading;
        volume.Cut("cut");
        await volume.UploadCutAsync("cut", null, null, Cancel);
        Lazy.Check(volume, block => block switch
        {
            9 => Some.Block(9_000),
            10 => new byte[Block.Size],
            4095 => Some.Block(4_000),
            _ => null,
        });
        Assert.True(volume.IsLocal);
    }

    [Fact]
    public async Task A_damaged_block_ends_hydration_and_nothing_wrong_is_kept()
    {
        using var lazy = new Lazy();
        lazy.Store.Dispose();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(lazy.Folder("blocks"), "segments")))
        {
            var bytes = await File.ReadAllBytesAsync(file, Cancel);
            for (var at = 5000; at < bytes.Length - 4096; at += 100_000) bytes[at] ^= 0x40;
            await File.WriteAllBytesAsync(file, bytes, Cancel);
        }

        using var store = Some.Store(lazy.Folder("blocks"));
        using var volume = VolumeDevice.Create(
            lazy.Folder("vol"), Lazy.Size, lazy.Manifest, store, lazy.Key, TimeProvider.System);
        await Assert.ThrowsAnyAsync<BlockStoreException>(() => volume.HydrateAsync(0, null, Cancel));
        Assert.False(volume.IsLocal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Volumes_share_a_loaded_copy_and_nothing_else(bool encrypted)
    {
        using var lazy = new Lazy(encrypted);
        using (var loaded = lazy.New("loaded")) await loaded.HydrateAsync(0, null, Cancel);
        using var one = Share(lazy, "one", Lazy.Size);
        using var two = Share(lazy, "two", Lazy.Size + (1L << 30));
        VolumeDevice.Delete(lazy.Folder("loaded"));

        one.Write(0, Some.Block(500));
        two.Trim(Block.Size, Block.Size);
        two.Write(Lazy.Size + 4096, Some.Block(501));
        var domain = encrypted ? lazy.Key("") : null;
        for (var round = 0; round < 3; round++)
        {
            // Three cuts: local copies are merged with each other, and never into what is shared.
            one.Write((100 + round) * Block.Size, Some.Block(600 + round));
            one.Cut($"cut-{round}");
            await one.UploadCutAsync($"cut-{round}", domain, null, Cancel);
        }

        one.Grow(Lazy.Size + (1L << 30));
        lazy.LoseSegments();
        Lazy.Check(one, block => block == 0 ? Some.Block(500) : block == 100 ? Some.Block(600) : null);
        Lazy.Check(two, block => block == 1 ? new byte[Block.Size] : null);
        using var data = File.OpenRead(Path.Combine(lazy.Folder("one"), "layer-000001.data"));
        using var same = File.OpenRead(Path.Combine(lazy.Folder("two"), "layer-000001.data"));
        Assert.Equal(data.Length, same.Length);
    }

    [Fact]
    public async Task A_volume_in_use_adopts_a_loaded_copy()
    {
        using var lazy = new Lazy();
        using (var loaded = lazy.New("loaded")) await loaded.HydrateAsync(0, null, Cancel);
        using (var volume = lazy.New("vol"))
        {
            volume.Write(0, Some.Block(500));
            volume.Cut("cut");
            await volume.UploadCutAsync("cut", null, null, Cancel);
            volume.Write(Block.Size, Some.Block(501));
            volume.Cut("pending");
            Assert.True(volume.Adopt(lazy.Folder("loaded")));
            Assert.True(volume.IsLocal);
        }

        VolumeDevice.Delete(lazy.Folder("loaded"));
        lazy.LoseSegments();
        using var alone = lazy.Open("vol");
        Assert.Equal("pending", alone.Cuts.Single().Id);
        Lazy.Check(alone, block => block is 0 or 1 ? Some.Block(500 + (int)block) : null);
    }

    [Fact]
    public async Task A_copy_is_shared_only_when_it_is_whole_and_under_the_same_key()
    {
        using var lazy = new Lazy();
        using (lazy.New("empty"))
        {
            Assert.Null(VolumeDevice.CreateSharing(
                lazy.Folder("a"), Lazy.Size, lazy.Folder("empty"), lazy.Store, lazy.Key, TimeProvider.System, null));
        }

        using (var loaded = lazy.New("loaded")) await loaded.HydrateAsync(0, null, Cancel);
        using var other = Some.Domain();
        Assert.Null(VolumeDevice.CreateSharing(
            lazy.Folder("b"), Lazy.Size, lazy.Folder("loaded"), lazy.Store, _ => other, TimeProvider.System, other.Id));
        Assert.False(VolumeDevice.Exists(lazy.Folder("b")));
    }

    [Fact]
    public async Task Boot_traces_come_before_hydration()
    {
        using var loader = new Loader(TimeProvider.System);
        using var go = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        using var held = new CountdownEvent(Loader.ThreadsMax);
        var order = new ConcurrentQueue<string>();
        TimeSpan? Hold(ManualResetEventSlim until, CancellationToken stop)
        {
            held.Signal();
            until.Wait(stop);
            return null;
        }

        // One thread is let go: two would log in the order of their luck.
        for (var i = 0; i < Loader.ThreadsMax; i++)
        {
            var until = i == 0 ? go : end;
            loader.Start(LoadKind.Trace, stop => Hold(until, stop), Cancel);
        }

        held.Wait(Cancel);
        TimeSpan? Log(string what)
        {
            order.Enqueue(what);
            return null;
        }

        var jobs = new[]
        {
            loader.Start(LoadKind.Hydration, _ => Log("hydration"), Cancel),
            loader.Start(LoadKind.Hydration, _ => Log("hydration"), Cancel),
            loader.Start(LoadKind.Trace, _ => Log("trace"), Cancel),
            loader.Start(LoadKind.Trace, _ => Log("trace"), Cancel),
        };
        go.Set();
        await Task.WhenAll(jobs.Select(j => j.Completion));
        end.Set();
        Assert.Equal(["trace", "trace", "hydration", "hydration"], order);
    }

    private static VolumeDevice Share(Lazy lazy, string name, long size) => VolumeDevice.CreateSharing(
        lazy.Folder(name), size, lazy.Folder("loaded"), lazy.Store, lazy.Key, TimeProvider.System, lazy.DomainId)!;
}
