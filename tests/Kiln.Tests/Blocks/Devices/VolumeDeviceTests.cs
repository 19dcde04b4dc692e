using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Devices;

public class VolumeDeviceTests
{
    private static readonly Func<string, KeyDomain> NoKeys = _ => throw new InvalidOperationException("no keys");

    [Fact]
    public async Task Cut_holds_the_instant_while_the_guest_writes_on()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var volume = VolumeDevice.Create(folder.Sub("vol"), 64 << 20, null, store, NoKeys, TimeProvider.System);
        volume.Write(0, Some.Block(1));
        volume.Write(10 << 20, Some.Block(2).AsSpan(0, 1536));
        volume.Cut("snap-1");
        volume.Write(0, Some.Block(3));
        volume.Write(20 << 20, Some.Block(4));

        var id = await volume.UploadCutAsync("snap-1", null, null, CancellationToken.None);
        var manifest = store.OpenManifest(id);
        Assert.Equal([0L, 20L], manifest.Entries().Select(e => e.Index));
        var read = new byte[Block.Size];
        manifest.TryGet(0, out var address);
        store.Read(address, null, read);
        Assert.True(read.AsSpan().SequenceEqual(Some.Block(1)));
        Assert.Empty(volume.Cuts);
        Assert.Equal(id, volume.Base);
        volume.Read(0, read);
        Assert.True(read.AsSpan().SequenceEqual(Some.Block(3)));

        volume.Cut("snap-2");
        var second = await volume.UploadCutAsync("snap-2", null, null, CancellationToken.None);
        Assert.Equal([0L, 40L], Manifest.Diff(manifest, store.OpenManifest(second)).Select(c => c.Index));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Volume_behaves_like_an_array_of_bytes(int seed)
    {
        const int Size = 8 << 20;
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var domain = seed % 2 == 0 ? Some.Domain() : null;
        Func<string, KeyDomain> keys = _ => domain!;
        var random = new Random(seed);
        var model = new byte[Size];
        var cuts = new List<(string Id, byte[] Content)>();
        var volume = VolumeDevice.Create(
            folder.Sub("vol"), Size, null, store, keys, TimeProvider.System, domain?.Id);
        try
        {
            for (var step = 0; step < 300; step++)
            {
                var offset = random.Next(Size / 512) * 512;
                var length = Math.Min(Size - offset, random.Next(1, 1 << random.Next(1, 12)) * 512);
                switch (random.Next(20))
                {
                    case < 9:
                        random.NextBytes(model.AsSpan(offset, length));
                        volume.Write(offset, model.AsSpan(offset, length), fua: random.Next(8) == 0);
                        break;
                    case < 12:
                        model.AsSpan(offset, length).Clear();
                        volume.Trim(offset, length);
                        break;
                    case < 16:
                        var read = new byte[length];
                        volume.Read(offset, read);
                        Assert.True(read.AsSpan().SequenceEqual(model.AsSpan(offset, length)), $"step {step}");
                        break;
                    case 16 when cuts.Count < 4:
                        cuts.Add(($"snap-{step}", [.. model]));
                        volume.Cut(cuts[^1].Id);
                        break;
                    case 17 when cuts.Count > 0:
                        var at = random.Next(4) == 0 ? cuts.Count - 1 : 0;
                        await Verify(store, volume, cuts[at].Id, cuts[at].Content, domain);
                        cuts.RemoveAt(at);
                        break;
                    case 18 when random.Next(3) == 0:
                        volume.Dispose();
                        volume = VolumeDevice.Open(folder.Sub("vol"), store, keys, TimeProvider.System);
                        Assert.Equal(cuts.Select(c => c.Id), volume.Cuts.Select(c => c.Id));
                        break;
                    case 19 when random.Next(3) == 0:
                        await volume.HydrateAsync(0, null, CancellationToken.None);
                        break;
                    case 19 when cuts.Count > 0 && random.Next(3) == 0:
                        volume.AbandonCut(cuts[0].Id);
                        cuts.RemoveAt(0);
                        break;
                }
            }

            var all = new byte[Size];
            volume.Read(0, all);
            Assert.True(all.AsSpan().SequenceEqual(model));
            foreach (var extent in Extents(volume).Where(e => e.Zero))
                Assert.True(Block.IsZero(model.AsSpan((int)extent.Offset, (int)extent.Length)));
            foreach (var (id, content) in cuts) await Verify(store, volume, id, content, domain);
            volume.Read(0, all);
            Assert.True(all.AsSpan().SequenceEqual(model));
        }
        finally
        {
            volume.Dispose();
        }
    }

    [Fact]
    public void Volume_of_64_TiB_opens_and_trims_without_filling_its_map()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var volume = VolumeDevice.Create(
            folder.Sub("vol"), 8L << 40, null, store, NoKeys, TimeProvider.System);
        volume.Trim(0, volume.SizeBytes);
        volume.Write(volume.SizeBytes - 4096, Some.Block(1).AsSpan(0, 4096), fua: true);
        var read = new byte[4096];
        volume.Read(volume.SizeBytes - 4096, read);
        Assert.True(read.AsSpan().SequenceEqual(Some.Block(1).AsSpan(0, 4096)));
        Assert.Equal(
            [new DeviceExtent(volume.SizeBytes - 4096, true), new DeviceExtent(4096, false)],
            volume.Status(0, volume.SizeBytes, 10));
    }

    [Fact]
    public void Instant_spans_volumes_and_repeating_it_changes_nothing()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var a = VolumeDevice.Create(folder.Sub("a"), 1 << 20, null, store, NoKeys, TimeProvider.System);
        using var b = VolumeDevice.Create(folder.Sub("b"), 1 << 20, null, store, NoKeys, TimeProvider.System);
        var first = VolumeDevice.CutTogether([(a, "s-a"), (b, "s-b")]);
        var again = VolumeDevice.CutTogether([(b, "s-b"), (a, "s-a")]);
        Assert.Equal(first, again.Reverse());
    }

    private static async Task Verify(
        BlockStore store, VolumeDevice volume, string cut, byte[] content, KeyDomain? domain)
    {
        var manifest = store.OpenManifest(await volume.UploadCutAsync(cut, domain, null, CancellationToken.None));
        var block = new byte[Block.Size];
        for (var i = 0; i < content.Length / Block.Size; i++)
        {
            block.AsSpan().Clear();
            if (manifest.TryGet(i, out var address)) store.Read(address, domain, block);
            Assert.True(block.AsSpan().SequenceEqual(content.AsSpan(i * Block.Size, Block.Size)), $"{cut} block {i}");
        }
    }

    private static IEnumerable<(long Offset, long Length, bool Zero)> Extents(VolumeDevice volume)
    {
        long at = 0;
        foreach (var extent in volume.Status(0, volume.SizeBytes, int.MaxValue))
        {
            yield return (at, extent.Length, extent.IsZero);
            at += extent.Length;
        }

        Assert.Equal(volume.SizeBytes, at);
    }
}
