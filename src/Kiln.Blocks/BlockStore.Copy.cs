using System.Security.Cryptography;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// Copies between stores: only what the destination lacks travels.
public sealed partial class BlockStore
{
    private const int CopyReportEvery = 16;

    private sealed class CopyTally
    {
        public long Done;
        public long MovedBlocks;
        public long MovedBytes;
    }

    /// <summary>
    /// Copies a manifest and what it reaches. Under one key, records travel as they are stored; under two, they are
    /// sealed anew without being compressed again. Run it again after a crash: what has arrived is found there.
    /// </summary>
    /// <param name="id">The source's manifest.</param>
    /// <param name="from">The source store.</param>
    /// <param name="to">The destination; may be the source.</param>
    /// <param name="fromDomain">Key domain of the manifest; null in the clear.</param>
    /// <param name="toDomain">Key domain of the copy; null in the clear.</param>
    /// <param name="options">Hints, rates, progress.</param>
    /// <param name="cancel">Stops between blocks.</param>
    /// <exception cref="ArgumentException"><paramref name="fromDomain"/> is not the manifest's.</exception>
    /// <exception cref="BlockCorruptException">A record of the source is damaged: nothing of it was copied.</exception>
    public static async Task<CopyResult> CopyAsync(
        ManifestId id, BlockStore from, BlockStore to, KeyDomain? fromDomain, KeyDomain? toDomain,
        CopyOptions options, CancellationToken cancel)
    {
        var manifest = from.OpenManifest(id);
        if (manifest.DomainId != fromDomain?.Id)
            throw new ArgumentException("The manifest is of another key domain.", nameof(fromDomain));
        var same = fromDomain is null ? toDomain is null : fromDomain.SameAs(toDomain);
        if (same && from == to) return new CopyResult(manifest.Id, 0, 0);
        from.Pin(manifest.Id);
        try
        {
            return same
                ? await CopyAsStoredAsync(manifest, from, to, options, cancel).ConfigureAwait(false)
                : await CopySealedAnewAsync(manifest, from, to, fromDomain, toDomain, options, cancel)
                    .ConfigureAwait(false);
        }
        finally
        {
            from.Unpin(manifest.Id);
        }
    }

    private static async Task<CopyResult> CopyAsStoredAsync(
        Manifest manifest, BlockStore from, BlockStore to, CopyOptions options, CancellationToken cancel)
    {
        using var lease = to.Lease();
        var tally = new CopyTally();

        // A page that has arrived proves nothing about its blocks unless a committed manifest holds it, so only the
        // destination's own index is asked, block by block; that costs no travel.
        using var queue = new WorkQueue<ManifestEntry>(manifest.Entries());
        CopyResult? result = null;
        await InTurnsAsync(from, to, queue, () => Meet(manifest, to, cancel), (codec, entry, stop) =>
        {
            if (!entry.Address.IsZero && !to.Index.TryRenew(entry.Address, out _))
            {
                from.LoadRecord(codec, entry.Address, RecordHeader.KindBlock);
                Move(codec, to, tally, options, stop);
            }

            Report(tally, manifest, options);
        }, () =>
        {
            MovePages(manifest, from, to, tally, options, cancel);
            lease.Sync();
            var id = to.WriteManifest(manifest.VolumeBlocks, manifest.DomainId, manifest.Pages);
            result = new CopyResult(id, tally.MovedBlocks, tally.MovedBytes);
        }, cancel).ConfigureAwait(false);
        return result!;
    }

    // All of them, before the first travels: what an earlier attempt has brought must not be collected before a slow
    // copy comes to it. A look at the index costs nothing beside a block that travels.
    private static void Meet(Manifest manifest, BlockStore to, CancellationToken cancel)
    {
        foreach (var entry in manifest.Entries())
        {
            cancel.ThrowIfCancellationRequested();
            if (!entry.Address.IsZero) to.Index.TryRenew(entry.Address, out _);
        }
    }

    private static void MovePages(
        Manifest manifest, BlockStore from, BlockStore to, CopyTally tally, CopyOptions options,
        CancellationToken cancel)
    {
        var codec = from.codecs.Rent();
        try
        {
            foreach (var page in manifest.Pages)
            {
                if (to.Index.TryRenew(page.Address, out _)) continue;
                from.LoadRecord(codec, page.Address, RecordHeader.KindPage);
                Move(codec, to, tally, options, cancel);
            }
        }
        finally
        {
            from.codecs.Return(codec);
        }
    }

    private static async Task<CopyResult> CopySealedAnewAsync(
        Manifest manifest, BlockStore from, BlockStore to, KeyDomain? fromDomain, KeyDomain? toDomain,
        CopyOptions options, CancellationToken cancel)
    {
        var earlier = options.Earlier is { } pair && from.HasManifest(pair.Source) && to.HasManifest(pair.Copy)
            && to.OpenManifest(pair.Copy).DomainId == toDomain?.Id ? options.Earlier : null;
        using var builder = to.BuildManifest(manifest.VolumeBlocks, toDomain, earlier?.Copy);

        // Under another key the addresses are known only once the blocks are read, so all that was left is spared.
        using var lease = options.Resumed ? to.LeaseOfLeftovers() : null;
        var changes = earlier is { } hint
            ? Manifest.Diff(from.OpenManifest(hint.Source), manifest)
            : manifest.Entries().Select(e => new ManifestChange(e.Index, null, e.Address));
        var tally = new CopyTally();
        using var queue = new WorkQueue<ManifestChange>(changes);
        ManifestId copy = default;
        await InTurnsAsync(from, to, queue, () => { }, (codec, change, stop) =>
        {
            if (change.Second is not { } address) builder.Clear(change.Index);
            else if (address.IsZero) builder.Set(change.Index, address);
            else builder.Set(change.Index, MoveSealedAnew(
                codec, address, from, to, fromDomain, toDomain, tally, options, stop));
            Report(tally, manifest, options);
        }, () => copy = builder.Commit(), cancel).ConfigureAwait(false);
        return new CopyResult(copy, tally.MovedBlocks, tally.MovedBytes);
    }

    // Each turn on a thread of its own, with workers beside it: the first also begins, the last also ends.
    private static Task InTurnsAsync<T>(
        BlockStore from, BlockStore to, WorkQueue<T> queue, Action begin,
        Action<BlockCodec, T, CancellationToken> move, Action end, CancellationToken cancel)
    {
        var workers = to.options.InFlight.Workers(to.options.Workers);
        var begun = false;
        return to.options.InFlight.RunAsync(workers, turn =>
        {
            if (!begun) begin();
            begun = true;
            Workers.Run(workers, stop =>
            {
                var codec = from.codecs.Rent();
                try
                {
                    while (!stop.IsCancellationRequested && queue.TryTake(turn, out var item)) move(codec, item, stop);
                }
                finally
                {
                    from.codecs.Return(codec);
                }
            }, cancel);
            if (!queue.IsEmpty) return false;
            end();
            return true;
        }, cancel);
    }

    private static BlockAddress MoveSealedAnew(
        BlockCodec codec, BlockAddress address, BlockStore from, BlockStore to, KeyDomain? fromDomain,
        KeyDomain? toDomain, CopyTally tally, CopyOptions options, CancellationToken cancel)
    {
        Span<byte> digest = stackalloc byte[32];
        from.LoadRecord(codec, address, RecordHeader.KindBlock);
        if (fromDomain is null)
        {
            // In the clear the address is the digest: no need to unpack what is only going to be sealed.
            address.CopyTo(digest);
        }
        else
        {
            codec.UnpackVerified(fromDomain, codec.Plain);
            SHA256.HashData(codec.Plain, digest);
        }

        var target = KeyDomain.AddressOf(toDomain, digest);
        if (to.Index.TryRenew(target, out _)) return target;

        // Unpacking decrypted the record where it lay; sealing starts from the stored bytes.
        if (fromDomain is not null) from.LoadRecord(codec, address, RecordHeader.KindBlock);
        codec.Reseal(fromDomain, target, toDomain);
        Move(codec, to, tally, options, cancel);
        return target;
    }

    private static void Move(
        BlockCodec codec, BlockStore to, CopyTally tally, CopyOptions options, CancellationToken cancel)
    {
        var header = codec.Header;
        for (var frame = 0; frame < header.FrameCount; frame++)
        {
            if (!codec.StoredBytesAreIntact(frame))
                throw new BlockCorruptException($"Stored bytes of {header.Address} are damaged at the source.");
        }

        var bytes = RecordHeader.Size + header.StoredLength;
        foreach (var limit in options.Limits) limit.Wait(bytes, cancel);
        if (!to.AppendRecord(codec)) return;
        Interlocked.Add(ref tally.MovedBytes, bytes);
        Interlocked.Add(ref to.copiedBytes, bytes);
        if (header.Kind == RecordHeader.KindBlock) Interlocked.Increment(ref tally.MovedBlocks);
    }

    private static void Report(CopyTally tally, Manifest manifest, CopyOptions options)
    {
        var done = Interlocked.Increment(ref tally.Done);
        if (done % CopyReportEvery == 0 || done == manifest.BlockCount)
        {
            options.Progress?.Report(new TransferProgress(
                done * Block.Size, manifest.FullBytes, Interlocked.Read(ref tally.MovedBytes)));
        }
    }
}
