using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks;

/// <summary>Damage is found or does no harm; it is never served.</summary>
public class CorruptionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_flipped_byte_is_found_or_harmless(bool encrypted)
    {
        using var domain = encrypted ? Some.Domain() : null;
        var blocks = new[] { Tiny(1), Tiny(2), Tiny(3) };
        var disk = new MemoryBackend();
        ManifestId id;
        using (var store = BlockStore.Open(disk, Options, TimeProvider.System))
        {
            using var builder = store.BuildManifest(10, domain);
            for (var i = 0; i < blocks.Length; i++) builder.Put(i, blocks[i]);
            id = builder.Commit();
        }

        int found = 0, harmless = 0;
        foreach (var name in Files(disk))
        {
            var length = disk.Open(name).Length;
            for (long at = 0; at < length; at++)
            {
                if (Reads(Flipped(disk, name, at), id, domain, blocks)) harmless++;
                else found++;
            }
        }

        Assert.True(found > 800, $"{found} found, {harmless} harmless");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_flipped_byte_is_repaired_where_there_is_a_second_copy(bool encrypted)
    {
        using var domain = encrypted ? Some.Domain() : null;
        var blocks = new[] { Tiny(1), Tiny(2), Tiny(3) };
        var disk = new MemoryBackend();
        using var copy = BlockStore.Open(new MemoryBackend(), Options, TimeProvider.System);
        ManifestId id;
        using (var store = BlockStore.Open(disk, Options, TimeProvider.System))
        {
            using var builder = store.BuildManifest(10, domain);
            for (var i = 0; i < blocks.Length; i++) builder.Put(i, blocks[i]);
            id = builder.Commit();
            var copied = await BlockStore.CopyAsync(
                id, store, copy, domain, domain, new CopyOptions(), TestContext.Current.CancellationToken);
            Assert.Equal(id, copied.Manifest);
        }

        // Every byte takes two minutes: set KILN_EVERY_BYTE for that. A prime step meets every field all the same.
        var step = Environment.GetEnvironmentVariable("KILN_EVERY_BYTE") is null ? 17 : 1;
        copy.SealSegments();
        var options = new CheckOptions { RepairFrom = [copy], Keys = _ => domain, Roots = () => [id] };
        int repairs = 0, flips = 0;
        foreach (var name in Files(disk))
        {
            var length = disk.Open(name).Length;
            for (long at = 0; at < length; at += step, flips++)
            {
                var flipped = Flipped(disk, name, at);
                using (var store = BlockStore.Open(flipped, Options, TimeProvider.System))
                {
                    var report = new Scrub(store).Run(options, CancellationToken.None);
                    Assert.True(report.IsHealthy, $"{name}+{at}: {string.Join("; ", report.Problems)}");
                    if (report.ProblemCount > 0) repairs++;
                }

                // The repair lasts: nothing is found by the next start.
                Assert.True(Reads(flipped, id, domain, blocks), $"{name}+{at}");
            }
        }

        Assert.True(repairs > flips / 20, $"{repairs} repairs of {flips}");
    }

    [Fact]
    public void Torn_tail_at_every_byte_keeps_what_was_before()
    {
        var disk = new MemoryBackend();
        var store = BlockStore.Open(disk, Options, TimeProvider.System);
        var first = store.Put(Tiny(1), null);
        store.Sync();
        store.Put(Tiny(2), null);
        store.Sync();
        var name = "segments/" + Assert.Single(disk.List("segments"));
        var length = disk.Open(name).Length;
        var read = new byte[Block.Size];
        int whole = 0, torn = 0;

        // The last record begins at a page of its own; 8192 is behind header and first record.
        for (long end = 4096; end <= length; end++)
        {
            var cut = disk.Reopen();
            cut.Open(name).SetLength(end);
            using var after = BlockStore.Open(cut, Options, TimeProvider.System);
            if (end >= 8192)
            {
                after.Read(first, null, read);
                Assert.True(read.AsSpan().SequenceEqual(Tiny(1)));
            }

            var second = new BlockAddress(System.Security.Cryptography.SHA256.HashData(Tiny(2)));
            if (after.Contains(second)) whole++;
            else torn++;
            after.Put(Tiny(2), null);
            after.Sync();
            after.Read(second, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Tiny(2)));
        }

        store.Dispose();
        Assert.True(whole > 0 && torn > 4096);
    }

    [Fact]
    public void Content_that_looks_like_a_record_is_not_taken_for_one()
    {
        // A whole segment, header and records, inside a block that does not compress: a guest may write this.
        var disk = new MemoryBackend();
        BlockAddress inner;
        byte[] segment;
        using (var store = BlockStore.Open(disk, Options, TimeProvider.System))
        {
            inner = store.Put(Tiny(1), null);
            store.Sync();
            segment = new byte[16384];
            disk.Open("segments/" + disk.List("segments")[0]).Read(0, segment);
        }

        var block = new byte[Block.Size];
        new Random(1).NextBytes(block);
        for (var at = 4096 - 192; at + segment.Length < block.Length; at += 32768) segment.CopyTo(block, at);
        var target = new MemoryBackend();
        var victim = BlockStore.Open(target, Options, TimeProvider.System);
        victim.Put(block, null);
        victim.Sync();
        var name = "segments/" + target.List("segments")[0];
        target.Open(name).Write(4096, new byte[192]); // the outer header is lost: recovery walks page by page
        using var after = BlockStore.Open(target.Reopen(), Options, TimeProvider.System);
        Assert.False(after.Contains(inner));
        victim.Dispose();
    }

    private static readonly BlockStoreOptions Options = new() { SegmentBytes = 1 << 20, Writers = 1 };

    // Mostly zero frames, so that a store of three is a few pages and every byte can have its turn.
    private static byte[] Tiny(int seed)
    {
        var block = new byte[Block.Size];
        for (var i = 0; i < 3000; i++) block[i] = (byte)("kiln"[i % 4] + seed);
        block[Block.Size - 1] = (byte)seed;
        return block;
    }

    private static List<string> Files(MemoryBackend disk) =>
    [
        .. disk.List("segments").Select(f => "segments/" + f),
        .. disk.List("manifests").Select(f => "manifests/" + f),
    ];

    private static MemoryBackend Flipped(MemoryBackend disk, string name, long at)
    {
        var flipped = disk.Reopen();
        var file = flipped.Open(name);
        var one = new byte[1];
        file.Read(at, one);
        one[0] ^= (byte)(1 << (int)(at % 8));
        file.Write(at, one);
        return flipped;
    }

    private static bool Reads(
        MemoryBackend disk, ManifestId id, Kiln.Blocks.Crypto.KeyDomain? domain, byte[][] blocks)
    {
        var read = new byte[Block.Size];
        try
        {
            using var store = BlockStore.Open(disk, Options, TimeProvider.System);
            var manifest = store.OpenManifest(id);
            Assert.Equal(blocks.Length, manifest.BlockCount);
            foreach (var (index, address) in manifest.Entries())
            {
                store.Read(address, domain, read);
                Assert.True(read.AsSpan().SequenceEqual(blocks[index]), "served wrong bytes");
                var part = new byte[512];
                store.ReadRange(address, domain, 1024, part);
                Assert.True(part.AsSpan().SequenceEqual(blocks[index].AsSpan(1024, 512)), "served wrong bytes");
            }

            return true;
        }
        catch (BlockStoreException)
        {
            return false;
        }
    }
}
