using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Devices;

/// <summary>A disk as one raw file: into the store at its speed, and out of it with every block verified.</summary>
public static class RawImage
{
    private const int ReportEvery = 16;

    /// <summary>Stores a raw file as a manifest. Holes are not read, zeros not stored.</summary>
    /// <param name="path">The file; a last block that it does not fill is padded with zeros.</param>
    /// <param name="store">Where to.</param>
    /// <param name="domain">The key domain; null in the clear.</param>
    /// <param name="parent">A manifest to build on when only <paramref name="changed"/> is to be read.</param>
    /// <param name="changed">Block indexes to read, ascending; null for all.</param>
    /// <param name="progress">Told now and then, from worker threads.</param>
    /// <param name="cancel">Stops between blocks.</param>
    /// <exception cref="StoreFullException">No space.</exception>
    public static ManifestId Import(
        string path, BlockStore store, KeyDomain? domain, ManifestId? parent, IEnumerable<long>? changed,
        IProgress<TransferProgress>? progress, CancellationToken cancel)
    {
        using var file = Open(path, FileMode.Open, FileAccess.Read);
        var length = file.Length;
        var blocks = (length + Block.Size - 1) / Block.Size;
        using var builder = store.BuildManifest(blocks, domain, parent);
        using var queue = new WorkQueue<long>(changed ?? BlocksWithData(file));
        var source = queue;
        long done = 0;
        Workers.Run(store.Options.Workers, stop =>
        {
            using var buffer = new AlignedBuffer(Block.Size);
            while (source.TryTake(null, out var block) && !stop.IsCancellationRequested)
            {
                var read = file.Read(block * Block.Size, buffer.Span);
                buffer.Span[read..].Clear();
                if (!Block.IsZero(buffer.Span)) builder.Put(block, buffer.Span);
                else if (parent is not null) builder.Clear(block);
                Tell(progress, Interlocked.Increment(ref done), Math.Max(blocks, done));
            }
        }, cancel);
        return builder.Commit();
    }

    /// <summary>Writes a manifest as a sparse raw file, every block verified; the file is durable on return.</summary>
    /// <exception cref="BlockCorruptException">A block failed a check; the file is incomplete.</exception>
    public static void Export(
        ManifestId id, BlockStore store, KeyDomain? domain, string path, IProgress<TransferProgress>? progress,
        CancellationToken cancel)
    {
        var manifest = store.OpenManifest(id);
        using var file = Open(path, FileMode.Create, FileAccess.ReadWrite);
        file.SetLength(manifest.VolumeBlocks * Block.Size);
        using var queue = new WorkQueue<ManifestEntry>(manifest.Entries());
        var source = queue;
        long done = 0;
        Workers.Run(store.Options.Workers, stop =>
        {
            using var buffer = new AlignedBuffer(Block.Size);
            while (source.TryTake(null, out var entry) && !stop.IsCancellationRequested)
            {
                if (!entry.Address.IsZero)
                {
                    store.Read(entry.Address, domain, buffer.Span);
                    file.Write(entry.Index * Block.Size, buffer.Span);
                }

                Tell(progress, Interlocked.Increment(ref done), manifest.BlockCount);
            }
        }, cancel);
        file.Sync();
    }

    private static FileBackendFile Open(string path, FileMode mode, FileAccess access)
    {
        SafeFileHandle handle = File.OpenHandle(path, mode, access, FileShare.ReadWrite);
        return new FileBackendFile(path, handle, null, appends: true);
    }

    private static IEnumerable<long> BlocksWithData(FileBackendFile file)
    {
        var length = file.Length;
        long next = 0;
        while (next * Block.Size < length)
        {
            var data = file.Seek(next * Block.Size, data: true);
            if (data >= length) yield break;
            var hole = file.Seek(data, data: false);
            for (next = Math.Max(next, data / Block.Size); next * Block.Size < hole; next++) yield return next;
        }
    }

    private static void Tell(IProgress<TransferProgress>? progress, long done, long total)
    {
        if (done % ReportEvery == 0 || done == total)
            progress?.Report(new TransferProgress(done * Block.Size, total * Block.Size));
    }
}
