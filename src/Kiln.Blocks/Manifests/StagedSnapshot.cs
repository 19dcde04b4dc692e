using System.Security.Cryptography;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Manifests;

/// <summary>A snapshot that clients put block by block, in any order, many at a time, until it is committed.</summary>
/// <remarks>
/// A put that returned survives the death of the process: its block and its journal entry were written. It survives
/// the loss of power after <see cref="Commit"/>. Thread-safe.
/// </remarks>
public sealed class StagedSnapshot : IDisposable
{
    private readonly BlockStore store;
    private readonly IBackendFile journal;
    private readonly Dictionary<int, ManifestPage> pages = [];
    private readonly ReaderWriterLockSlim phase = new();
    private readonly Lock gate = new();
    private long end;
    private ManifestId? committed;

    internal StagedSnapshot(
        BlockStore store, string id, IBackendFile journal, long volumeBlocks, KeyDomain? domain, ManifestId? parent)
    {
        this.store = store;
        this.journal = journal;
        Id = id;
        VolumeBlocks = volumeBlocks;
        Domain = domain;
        Parent = parent;
        end = StagingFormat.ReadEntries(journal, volumeBlocks, (index, address, _) => Keep(index, address));

        // A torn entry was never acknowledged; the next one takes its place.
        if (journal.Length > end) journal.SetLength(end);
    }

    /// <summary>Its id: that of the EBS snapshot.</summary>
    public string Id { get; }

    /// <summary>Size of the volume in blocks.</summary>
    public long VolumeBlocks { get; }

    /// <summary>The key domain of its blocks; null in the clear.</summary>
    public KeyDomain? Domain { get; }

    /// <summary>The manifest that unwritten blocks come from.</summary>
    public ManifestId? Parent { get; }

    /// <summary>Different indexes written so far, zeros included: what CompleteSnapshot's count must equal.</summary>
    public long WrittenCount { get; private set; }

    /// <summary>Stores a block at an index; a later put of the same index wins.</summary>
    /// <param name="index">Below <see cref="VolumeBlocks"/>.</param>
    /// <param name="plain">Exactly <see cref="Block.Size"/> bytes.</param>
    /// <param name="sha256">The SHA-256 of these bytes, as the caller verified it.</param>
    /// <exception cref="InvalidOperationException">It is committed already.</exception>
    /// <exception cref="StoreFullException">No space; the put did not happen.</exception>
    public void Put(long index, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> sha256)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, VolumeBlocks);
        Span<byte> entry = stackalloc byte[StagingFormat.EntrySize];
        phase.EnterReadLock();
        try
        {
            if (committed is not null) throw new InvalidOperationException($"{Id} is committed.");
            var address = store.PutWritten(plain, sha256, Domain);
            StagingFormat.WriteEntry(entry, index, address, sha256);
            lock (gate)
            {
                journal.Write(end, entry);
                end += entry.Length;
                Keep(index, address);
            }
        }
        finally
        {
            phase.ExitReadLock();
        }
    }

    /// <summary>Finds what was put at an index.</summary>
    public bool TryGet(long index, out BlockAddress address)
    {
        lock (gate)
        {
            address = default;
            return pages.TryGetValue((int)(index / ManifestPage.References), out var page)
                && page.TryGet((int)(index % ManifestPage.References), out address);
        }
    }

    /// <summary>EBS's LINEAR checksum: SHA-256 over the digests of the written blocks in ascending order.</summary>
    public byte[] LinearChecksum()
    {
        var digests = new SortedDictionary<long, byte[]>();
        lock (gate) StagingFormat.ReadEntries(journal, VolumeBlocks, (index, _, sha256) => digests[index] = sha256);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var digest in digests.Values) hash.AppendData(digest);
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// Makes the manifest, durably. No put is taken any more. Call again (also after a crash) for the same id; call
    /// <see cref="Discard"/> once the id is safe in a row.
    /// </summary>
    /// <exception cref="BlockMissingException">A block was lost with the power before it was durable.</exception>
    /// <exception cref="StoreFullException">No space; commit again when there is.</exception>
    public ManifestId Commit()
    {
        phase.EnterWriteLock();
        try
        {
            if (committed is { } done) return done;
            using var builder = store.BuildManifest(VolumeBlocks, Domain, Parent);
            foreach (var (number, page) in pages)
            {
                for (var slot = page.Next(0); slot < ManifestPage.References; slot = page.Next(slot + 1))
                {
                    page.TryGet(slot, out var address);

                    // A collection that has read the roots already will not see the manifest, and no journal any more
                    // when that is discarded before its marking is through: what it names is leased anew.
                    if (!address.IsZero && !store.Index.TryKeep(address)) throw new BlockMissingException(address);
                    builder.Set(((long)number * ManifestPage.References) + slot, address);
                }
            }

            var id = builder.Commit();
            committed = id;
            return id;
        }
        finally
        {
            phase.ExitWriteLock();
        }
    }

    /// <summary>Forgets the staging and its journal; a committed manifest stays.</summary>
    public void Discard()
    {
        store.Backend.Delete(StagingFormat.NameOf(Id));
        Dispose();
    }

    /// <summary>Closes the journal, which stays.</summary>
    public void Dispose()
    {
        store.Closed(this);
        journal.Dispose();
        phase.Dispose();
    }

    // A put holds the phase from meeting its block to journaling it. Once this has passed, every block that was met
    // under an older epoch is in the journal, where collection finds it.
    internal void Drain()
    {
        try
        {
            phase.EnterWriteLock();
            phase.ExitWriteLock();
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile: no put is under way.
        }
    }

    private void Keep(long index, BlockAddress address)
    {
        var number = (int)(index / ManifestPage.References);
        if (!pages.TryGetValue(number, out var page)) pages[number] = page = new ManifestPage();
        var before = page.Count;
        page.Set((int)(index % ManifestPage.References), address);
        WrittenCount += page.Count - before;
    }
}
