using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;

namespace Kiln.Tests.Blocks;

public class BlockStoreTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Block_comes_back_as_it_was_put(bool encrypted)
    {
        using var folder = new TempFolder();
        using var domain = encrypted ? Some.Domain() : null;
        var ids = new List<BlockAddress>();
        var read = new byte[Block.Size];
        using (var store = Some.Store(folder))
        {
            for (var i = 0; i < 20; i++) ids.Add(store.Put(Some.Block(i), domain));
            for (var i = 0; i < 20; i++)
            {
                store.Read(ids[i], domain, read);
                Assert.True(read.AsSpan().SequenceEqual(Some.Block(i)));
            }
        }

        using (var store = Some.Store(folder))
        {
            Assert.Equal(0, store.Recovered.ScannedSegments);
            for (var i = 0; i < 20; i++)
            {
                store.Read(ids[i], domain, read);
                Assert.True(read.AsSpan().SequenceEqual(Some.Block(i)));
                var part = new byte[100_000];
                store.ReadRange(ids[i], domain, 60_000, part);
                Assert.True(part.AsSpan().SequenceEqual(Some.Block(i).AsSpan(60_000, part.Length)));
            }
        }
    }

    [Fact]
    public void Address_is_the_digest_in_the_clear_and_hides_it_under_a_key()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        using var domain = Some.Domain();
        var block = Some.Block(1);
        var digest = Convert.ToHexStringLower(SHA256.HashData(block));
        Assert.Equal(digest, store.Put(block, null).ToString());
        Assert.NotEqual(digest, store.Put(block, domain).ToString());
        using var other = Some.Domain("key-2");
        Assert.NotEqual(store.Put(block, domain), store.Put(block, other));
    }

    [Fact]
    public void Equal_blocks_are_stored_once_and_zeros_never()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        var first = store.Put(Some.Block(7), null);
        Assert.Equal(first, store.Put(Some.Block(7), null));
        Assert.Equal(BlockAddress.Zero, store.Put(new byte[Block.Size], null));
        Assert.Equal(1, store.Statistics.Records);
        Assert.Equal(1, store.Statistics.DedupHits);
        var read = Some.Block(3);
        store.Read(BlockAddress.Zero, null, read);
        Assert.True(Block.IsZero(read));
    }

    [Fact]
    public void Wrong_key_is_refused_and_unknown_address_is_missing()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        using var right = Some.Domain();
        using var wrong = Some.Domain("key-2");
        using var impostor = new KeyDomain(right.Id, new byte[32], new byte[16]);
        var address = store.Put(Some.Block(1), right);
        var read = new byte[Block.Size];
        Assert.Throws<BlockCorruptException>(() => store.Read(address, wrong, read));
        Assert.Throws<BlockCorruptException>(() => store.Read(address, null, read));
        Assert.Throws<BlockCorruptException>(() => store.Read(address, impostor, read));
        Assert.True(Block.IsZero(read));
        Assert.Throws<BlockMissingException>(
            () => store.Read(new BlockAddress(SHA256.HashData([1])), null, read));
    }

    [Fact]
    public void Second_process_is_refused()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder);
        Assert.Throws<IOException>(() => Some.Store(folder));
    }
}
