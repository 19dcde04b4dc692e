using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

/// <summary>The blocks and manifests of one Region: content-addressed, deduplicated, verified on every read.</summary>
/// <remarks>
/// Thread-safe. One process at a time. Order of durability: blocks, pages, manifest; what a commit returned from is
/// there after any crash, and a block that no committed manifest reaches may be gone. docs/life-of-a-block.md.
/// </remarks>
public sealed partial class BlockStore : IAsyncDisposable, IDisposable
{
    private readonly IBackend backend;
    private readonly BlockStoreOptions options;
    private readonly SegmentSet segments;
    private readonly Appender[] appenders;
    private readonly CodecPool codecs;
    private readonly ConcurrentDictionary<BlockLease, bool> leases = new();
    private readonly ConcurrentDictionary<ManifestId, DateTimeOffset> committed = new();
    private readonly Lock manifestGate = new();
    private int nextAppender;
    private int disposed;

    private BlockStore(IBackend backend, BlockStoreOptions options, TimeProvider clock)
    {
        if (options.SegmentBytes is < (1 << 20) or > SegmentFormat.SegmentBytesMax)
            throw new ArgumentOutOfRangeException(nameof(options), "SegmentBytes is between 1 MiB and 1 GiB.");
        this.backend = backend;
        this.options = options;
        Clock = clock;
        Index = new BlockIndex();
        segments = new SegmentSet(backend, Index, clock, LoadQuarantine());
        codecs = new CodecPool(new CompressionLevels(options.ZstdLevel, options.DenseZstdLevel));
        Cache = new BlockCache(this, options.CacheBytes);
        Pages = new PageCache(this);
        Loader = new Loader(clock);
        appenders = new Appender[options.Writers + 1];
        for (var i = 0; i < appenders.Length; i++) appenders[i] = NewAppender(dense: i == options.Writers);
        try
        {
            if (!options.ReadOnly) SettleNames();
            Recovered = segments.Load(options.ReadOnly);
        }
        catch
        {
            // The next call tries again: nothing of this try may stay open.
            segments.Dispose();
            codecs.Dispose();
            Cache.Dispose();
            Loader.Dispose();
            throw;
        }

        OpenedAt = clock.GetUtcNow();
        options.Metrics?.Add(this);
    }

    /// <summary>Opens (or makes) the store in a directory and recovers it from an unclean stop.</summary>
    /// <exception cref="IOException">Another process has it open.</exception>
    public static BlockStore Open(string directory, BlockStoreOptions options, TimeProvider clock) =>
        Open(new FileBackend(directory, options.ReadOnly), options, clock);

    /// <summary>Opens a store on another backend, which it will own.</summary>
    public static BlockStore Open(IBackend backend, BlockStoreOptions options, TimeProvider clock)
    {
        try
        {
            return new BlockStore(backend, options, clock);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>What recovery found when the store was opened.</summary>
    public RecoveryReport Recovered { get; }

    /// <summary>The shared cache of unpacked frames.</summary>
    public BlockCache Cache { get; }

    internal BlockIndex Index { get; }

    internal PageCache Pages { get; }

    internal Loader Loader { get; }

    internal SegmentSet Segments => segments;

    internal IBackend Backend => backend;

    internal BlockStoreOptions Options => options;

    internal CodecPool Codecs => codecs;

    internal TimeProvider Clock { get; }

    internal DateTimeOffset OpenedAt { get; }

    internal IEnumerable<BlockLease> Leases => leases.Keys;

    /// <summary>Protects what is put from now on until it is disposed. Builders and stagings take their own.</summary>
    public BlockLease Lease()
    {
        // Registered before the epoch is read again: a collection that starts between sees it either way.
        var lease = new BlockLease(this, Index.Epoch);
        leases[lease] = true;
        return lease;
    }

    private Appender NewAppender(bool dense) => new(segments, options.SegmentBytes, dense);

    // As Lease, also for what recovery found without anybody to need it.
    internal BlockLease LeaseOfLeftovers()
    {
        var lease = new BlockLease(this, 0);
        leases[lease] = true;
        return lease;
    }

    /// <summary>True when a record has this address (always for <see cref="BlockAddress.Zero"/>).</summary>
    public bool Contains(BlockAddress address) => address.IsZero || Index.TryFind(address, out _);

    /// <summary>Stores a block unless it is there already. Zeros are never stored.</summary>
    /// <param name="plain">Exactly <see cref="Block.Size"/> bytes.</param>
    /// <param name="domain">The key domain, or null for the clear one.</param>
    /// <returns>Its address. It is durable after the next <see cref="Sync"/> or commit.</returns>
    /// <exception cref="StoreFullException">No space. The block may or may not have been kept.</exception>
    public BlockAddress Put(ReadOnlySpan<byte> plain, KeyDomain? domain) => Put(plain, domain, Effort.Plain);

    internal BlockAddress Put(ReadOnlySpan<byte> plain, KeyDomain? domain, Effort effort)
    {
        if (plain.Length != Block.Size) throw new ArgumentException("A block has 524288 bytes.", nameof(plain));
        if (Block.IsZero(plain)) return BlockAddress.Zero;
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(plain, digest);
        var address = KeyDomain.AddressOf(domain, digest);
        PutRecord(plain, address, RecordHeader.KindBlock, domain, effort);
        return address;
    }

    /// <summary>As <see cref="Put(ReadOnlySpan{byte}, KeyDomain?)"/>, with the SHA-256 that the caller computed of
    /// exactly these bytes.</summary>
    public BlockAddress Put(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> sha256, KeyDomain? domain)
    {
        if (plain.Length != Block.Size) throw new ArgumentException("A block has 524288 bytes.", nameof(plain));
        if (Block.IsZero(plain)) return BlockAddress.Zero;
        var address = KeyDomain.AddressOf(domain, sha256);
        PutRecord(plain, address, RecordHeader.KindBlock, domain);
        return address;
    }

    /// <summary>Makes every put that returned before this call durable.</summary>
    /// <exception cref="StoreReadOnlyException">The disk fails. The next call tries again, from what the store still
    /// has: what it does not is counted in <see cref="LostRecords"/>.</exception>
    public void Sync()
    {
        Heal();
        var began = Clock.GetTimestamp();
        foreach (var appender in appenders) appender.Sync();
        options.Metrics?.Synced(this, began);
    }

    /// <summary>Starts a manifest of a volume of so many blocks, from a parent or empty.</summary>
    public ManifestBuilder BuildManifest(long volumeBlocks, KeyDomain? domain, ManifestId? parent = null) =>
        new(this, volumeBlocks, domain, parent is { } id ? OpenManifest(id) : null);

    /// <summary>Opens a committed manifest. Reads its page list only.</summary>
    /// <exception cref="ManifestMissingException">There is none of this id.</exception>
    /// <exception cref="BlockCorruptException">It does not hash to its name.</exception>
    public Manifest OpenManifest(ManifestId id)
    {
        if (!HasManifest(id)) TryTakeFromTrash(id);
        return PeekManifest(id);
    }

    /// <summary>As <see cref="OpenManifest"/>, but leaves alone what lies in the trash: for whoever looks at all that
    /// is there.</summary>
    internal Manifest PeekManifest(ManifestId id)
    {
        var (volumeBlocks, domain, pages) = ManifestFormat.Decode(ReadManifest(id), id);
        return new Manifest(this, id, volumeBlocks, domain, pages);
    }

    /// <summary>The bytes of a manifest's file as they are.</summary>
    internal byte[] ReadManifest(ManifestId id)
    {
        try
        {
            using var file = backend.Open(ManifestFormat.NameOf(id));
            if (file.Length > ManifestFormat.BytesMax)
                throw new BlockCorruptException($"Manifest {id} is too long to be one.");
            var bytes = new byte[file.Length];
            return bytes[..file.Read(0, bytes)];
        }
        catch (FileNotFoundException)
        {
            throw new ManifestMissingException(id);
        }
    }

    /// <summary>True when a manifest of this id was committed.</summary>
    public bool HasManifest(ManifestId id) => backend.Exists(ManifestFormat.NameOf(id));

    /// <summary>All committed manifests, in order of id.</summary>
    public IReadOnlyList<ManifestId> Manifests() =>
        [.. backend.List(ManifestFormat.Folder).Where(ManifestId.IsValid).Select(f => new ManifestId(f))];

    /// <summary>Counts since the store was opened, and what it holds.</summary>
    public StoreStatistics Statistics => new(
        Index.Count, segments.All.Count(), Volatile.Read(ref puts), Volatile.Read(ref dedupHits),
        Volatile.Read(ref plainBytes), Volatile.Read(ref storedBytes));

    /// <summary>Syncs, seals the open segments, and closes.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        options.Metrics?.Remove(this);
        Loader.Dispose();
        foreach (var appender in appenders)
        {
            lock (appender.Gate)
            {
                try
                {
                    appender.Seal();
                }
                catch (IOException)
                {
                    // Nothing that a commit promised is in there; recovery seals the segment at the next start.
                }
            }

            appender.Dispose();
        }

        Cache.Dispose();
        codecs.Dispose();
        segments.Dispose();
        backend.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Release(BlockLease lease) => leases.TryRemove(lease, out _);

    internal ManifestId WriteManifest(long volumeBlocks, string? domainId, IReadOnlyList<PageReference> pages)
    {
        var bytes = ManifestFormat.Encode(volumeBlocks, domainId, pages, out var id);
        WriteManifest(id, bytes);
        return id;
    }

    internal void WriteManifest(ManifestId id, ReadOnlySpan<byte> bytes)
    {
        // One step with the look of a collection that is about to trash an equal one.
        lock (manifestGate)
        {
            committed[id] = Clock.GetUtcNow();

            // One that is there may be left from a commit that failed in its last step, before its name was durable.
            if (IsThere(id, bytes)) backend.SyncFolder(ManifestFormat.Folder);
            else backend.WriteAtomic(ManifestFormat.NameOf(id), bytes);
        }
    }

    // One that is there but has rotted does not count.
    private bool IsThere(ManifestId id, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return HasManifest(id) && bytes.SequenceEqual(ReadManifest(id));
        }
        catch (IOException)
        {
            return false;
        }
    }

    // A process that was killed may have left names that only the page cache knows: what is built on them from here on
    // must not outlive them.
    private void SettleNames()
    {
        foreach (var folder in (string[])[SegmentFormat.Folder, ManifestFormat.Folder, StagingFormat.Folder])
        {
            if (backend.List(folder).Count > 0) backend.SyncFolder(folder);
        }
    }
}
