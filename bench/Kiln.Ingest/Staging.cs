using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

/// <summary>Puts a raw file block by block into a staged snapshot, as clients of the EBS direct API do.</summary>
internal static class Staging
{
    private const int Clients = 4;

    internal static ManifestId Run(BlockStore store, string path, KeyDomain? domain)
    {
        using var file = File.OpenHandle(path);
        var blocks = (RandomAccess.GetLength(file) + Block.Size - 1) / Block.Size;
        using var staged = store.Stage("bench", blocks, domain);
        long next = -1;
        var threads = Enumerable.Range(0, Clients).Select(_ => new Thread(() =>
        {
            var buffer = new byte[Block.Size];
            var digest = new byte[32];
            while (Interlocked.Increment(ref next) is var index && index < blocks)
            {
                buffer.AsSpan(RandomAccess.Read(file, buffer, index * Block.Size)).Clear();
                if (Block.IsZero(buffer)) continue;
                SHA256.HashData(buffer, digest);
                staged.Put(index, buffer, digest);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        return staged.Commit();
    }
}
