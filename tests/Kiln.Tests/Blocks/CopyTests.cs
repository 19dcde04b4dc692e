using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

namespace Kiln.Tests.Blocks;

public class CopyTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData(null, "k")]
    [InlineData("k", null)]
    [InlineData("k", "k")]
    [InlineData("k", "l")]
    public async Task Copy_arrives_whole_under_every_pair_of_keys(string? fromKey, string? toKey)
    {
        using var folder = new TempFolder();
        using var a = Some.Store(folder.Sub("a"));
        using var b = Some.Store(folder.Sub("b"));
        using var from = fromKey is null ? null : Some.Domain(fromKey);
        using var to = toKey is null ? null : Some.Domain(toKey);
        var id = Commit(a, from, 12);
        var copy = await Copy(id, a, b, from, to);
        Assert.Equal(12, copy.MovedBlocks);
        Verify(b, copy.Manifest, to, 12);
        Assert.Equal(fromKey == toKey, id == copy.Manifest);

        var again = await Copy(id, a, b, from, to);
        Assert.Equal((copy.Manifest, 0L, 0L), (again.Manifest, again.MovedBlocks, again.MovedBytes));

        var more = Commit(a, from, 14);
        var options = new CopyOptions { Earlier = (id, copy.Manifest) };
        var increment = await BlockStore.CopyAsync(more, a, b, from, to, options, CancellationToken.None);
        Assert.Equal(2, increment.MovedBlocks);
        Verify(b, increment.Manifest, to, 14);
        var check = new CheckOptions { Keys = k => k == to?.Id ? to : null };
        var report = new Scrub(b).Run(check, CancellationToken.None);
        Assert.True(report.IsHealthy);
        Assert.Equal(report.Records, report.ContentVerified);
    }

    [Fact]
    public async Task Same_store_and_key_moves_nothing()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var id = Commit(store, null, 3);
        Assert.Equal(new CopyResult(id, 0, 0), await Copy(id, store, store, null, null));
    }

    [Fact]
    public void Usage_counts_shared_blocks_once()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var a = Commit(store, null, 4);
        var b = Commit(store, null, 6);
        var usage = store.Usage([a, b]);
        Assert.Equal(6, usage.Blocks);
        Assert.Equal(4L * Block.Size, usage.Manifests[a].FullBytes);
        Assert.Equal(0, usage.Manifests[a].UniqueBytes);
        Assert.Equal(2L * Block.Size, usage.Manifests[b].UniqueBytes);
        Assert.InRange(usage.Manifests[b].UniqueStoredBytes, 1, usage.StoredBytes);
    }

    [Fact]
    public async Task Damaged_and_missing_records_are_repaired_from_the_copy()
    {
        using var folder = new TempFolder();
        using var a = Some.Store(folder.Sub("a"));
        using var b = Some.Store(folder.Sub("b"));
        var id = Commit(a, null, 6);
        await Copy(id, a, b, null, null);
        a.SealSegments();
        a.OpenManifest(id).TryGet(1400, out var address);
        a.Index.TryFind(address, out var at);
        a.Segments.Find(at.Segment)!.File.Write(at.Offset + 250, [1, 2, 3, 4]);
        var found = new Scrub(a).Run(new CheckOptions { Quarantine = false }, CancellationToken.None);
        var problem = Assert.Single(found.Problems);
        Assert.Equal(
            (CheckProblemKind.RecordDamaged, address.ToString(), false),
            (problem.Kind, problem.Address, problem.IsRepaired));
        var repaired = new Scrub(a).Run(new CheckOptions { RepairFrom = [b] }, CancellationToken.None);
        Assert.True(repaired.IsHealthy);
        Assert.Single(repaired.Problems);
        Verify(a, id, null, 6);
    }

    private static Task<CopyResult> Copy(
        ManifestId id, BlockStore a, BlockStore b, KeyDomain? from, KeyDomain? to) =>
        BlockStore.CopyAsync(id, a, b, from, to, new CopyOptions(), CancellationToken.None);

    private static ManifestId Commit(BlockStore store, KeyDomain? domain, int count)
    {
        using var builder = store.BuildManifest(10_000, domain);
        for (var i = 0; i < count; i++) builder.Put(i * 700, Some.Block(i));
        return builder.Commit();
    }

    private static void Verify(BlockStore store, ManifestId id, KeyDomain? domain, int count)
    {
        var read = new byte[Block.Size];
        var manifest = store.OpenManifest(id);
        Assert.Equal((count, domain?.Id), ((int)manifest.BlockCount, manifest.DomainId));
        foreach (var (index, address) in manifest.Entries())
        {
            store.Read(address, domain, read);
            Assert.True(read.AsSpan().SequenceEqual(Some.Block((int)index / 700)));
        }
    }
}
