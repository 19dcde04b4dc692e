using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks.Manifests;

public class StagedSnapshotTests
{
    [Fact]
    public void Puts_survive_a_reopen_and_the_last_one_wins()
    {
        using var folder = new TempFolder();
        ManifestId id;
        using (var store = Some.Store(folder))
        {
            var staged = store.Stage("snap-1", 10_000, null);
            Put(staged, 5, 1);
            Put(staged, 9_000, 2);
            Put(staged, 5, 3);
            staged.Put(6, new byte[Block.Size], SHA256.HashData(new byte[Block.Size]));
        }

        using (var store = Some.Store(folder))
        {
            Assert.Equal(["snap-1"], store.StagedIds);
            var staged = store.OpenStaged("snap-1", _ => throw new InvalidOperationException())!;
            Assert.Equal(3, staged.WrittenCount);
            Put(staged, 7, 4);
            id = staged.Commit();
            Assert.Equal(id, staged.Commit());
            Assert.Throws<InvalidOperationException>(() => Put(staged, 8, 4));
            staged.Discard();
            Assert.Empty(store.StagedIds);
        }

        using (var store = Some.Store(folder))
        {
            var manifest = store.OpenManifest(id);
            Assert.Equal([5, 6, 7, 9_000], manifest.Entries().Select(e => e.Index));
            Assert.Equal(4, manifest.BlockCount);
            Assert.True(manifest.TryGet(6, out var zero) && zero.IsZero);
            Assert.False(manifest.TryGet(4, out _));
            var read = new byte[Block.Size];
            manifest.TryGet(5, out var address);
            store.Read(address, null, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block(3)));
        }
    }

    [Fact]
    public void Journal_begins_with_its_header_or_not_at_all()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        Directory.CreateDirectory(folder.Sub("staging"));
        File.WriteAllBytes(folder.Sub("staging/snap-1.journal.tmp"), new byte[100]);
        Assert.Null(store.OpenStaged("snap-1", _ => null!));
        var report = new Kiln.Blocks.Collection.Collector(store).Run(
            () => [], new Kiln.Blocks.Collection.CollectionOptions(), CancellationToken.None);
        Assert.Null(report.Refused);
        var staged = store.Stage("snap-1", 10, null);
        Put(staged, 1, 1);
        Assert.Equal(1, staged.WrittenCount);
        Assert.Throws<IOException>(() => store.Stage("snap-1", 10, null));
    }

    [Fact]
    public void Child_shares_pages_and_diff_lists_only_changes()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        using var first = store.BuildManifest(20_000, null);
        for (var i = 0; i < 20_000; i += 1000) first.Put(i, Some.Block(i));
        var a = store.OpenManifest(first.Commit());
        using var second = store.BuildManifest(20_000, null, a.Id);
        second.Put(3, Some.Block(3));
        second.Clear(19_000);
        second.Put(5000, Some.Block(5000));
        var b = store.OpenManifest(second.Commit());
        Assert.Equal([3, 19_000], Manifest.Diff(a, b).Select(c => c.Index));
        Assert.Equal([19_000], Manifest.Diff(a, b, 4).Select(c => c.Index));
        Assert.Equal([3, 19_000], Manifest.Diff(b, a).Select(c => c.Index));
        Assert.Null(Manifest.Diff(a, b).Last().Second);
    }

    [Fact]
    public void Linear_checksum_is_over_raw_digests_in_order()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        using var domain = Some.Domain();
        using var staged = store.Stage("snap-1", 10, domain);
        Put(staged, 2, 20);
        Put(staged, 1, 10);
        var expected = SHA256.HashData([.. SHA256.HashData(Some.Block(10)), .. SHA256.HashData(Some.Block(20))]);
        Assert.Equal(expected, staged.LinearChecksum());
    }

    private static void Put(StagedSnapshot staged, long index, int seed) =>
        staged.Put(index, Some.Block(seed), SHA256.HashData(Some.Block(seed)));
}
