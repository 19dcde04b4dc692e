using System.Security.Cryptography;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>Puts an intact copy in the place of what is damaged or missing, from wherever there is one.</summary>
/// <remarks>
/// In this order: another store (one look-up), another record of this store or of its trash (reads footers), a
/// volume's local layer. What is taken is verified first, as far as its key is at hand.
/// </remarks>
public sealed class Repair(BlockStore store, CheckOptions options)
{
    private readonly Dictionary<string, KeyDomain> domainsByTag = [];

    /// <summary>Learns the key domains that this store's manifests name and that are at hand.</summary>
    internal void FindKeys()
    {
        if (options.Keys is null) return;
        foreach (var domainId in store.DomainIds())
        {
            if (options.Keys(domainId) is { } domain) domainsByTag[Convert.ToHexString(domain.Tag)] = domain;
        }
    }

    /// <summary>False when the record is sealed and its key is not at hand.</summary>
    internal bool KeyFor(RecordHeader header, out KeyDomain? domain)
    {
        domain = null;
        return !header.Encrypted || domainsByTag.TryGetValue(Convert.ToHexString(header.DomainTag), out domain);
    }

    /// <summary>Stores an intact copy of a record; false when none was found.</summary>
    public bool TryBlock(BlockAddress address)
    {
        if (store.Options.ReadOnly) return false;
        var codec = store.Codecs.Rent();
        try
        {
            if (!TryOtherStores(codec, address) && !TryOtherRecords(codec, address) && !TryLayers(codec, address))
                return false;
            store.AppendRecord(codec);
            store.Sync();
            return true;
        }
        catch (BlockStoreException)
        {
            // No room to write it: the next pass tries again.
            return false;
        }
        finally
        {
            store.Codecs.Return(codec);
        }
    }

    /// <summary>
    /// The same for a block of which a read failed: its record is looked at first, and set aside if it is damaged. A
    /// read may also fail for want of the right key.
    /// </summary>
    public bool TryHurtBlock(BlockAddress address)
    {
        if (store.Options.ReadOnly) return false;
        FindKeys();
        if (store.Index.TryFind(address, out var at) && store.Segments.Find(at.Segment) is { } segment)
        {
            store.EnsureWritten(at);
            var entry = new SegmentEntry(address, at.Offset, at.StoredLength);
            if (Examine(segment, entry, out _) is null) return false;
            store.Quarantine(segment, entry);
            store.SaveQuarantine();
        }

        return TryBlock(address);
    }

    /// <summary>Reads a record and says what is wrong with it; null when nothing is, or it was collected while we
    /// read.</summary>
    internal CheckProblemKind? Examine(Segment segment, SegmentEntry entry, out bool contentVerified)
    {
        contentVerified = false;
        using var use = segment.Use();
        if (use is null) return null;
        var codec = store.Codecs.Rent();
        try
        {
            var location = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
            if (BlockStore.Look(codec, segment, location) != RecordState.Whole
                || codec.Header.Address != entry.Address)
                return CheckProblemKind.RecordDamaged;
            if (options.Keys is null || !KeyFor(codec.Header, out var domain)) return null;
            codec.UnpackVerified(domain, codec.Plain);
            contentVerified = true;
            return null;
        }
        catch (BlockStoreException)
        {
            return CheckProblemKind.ContentWrong;
        }
        catch (IOException)
        {
            return CheckProblemKind.RecordDamaged;
        }
        finally
        {
            store.Codecs.Return(codec);
        }
    }

    /// <summary>Writes an intact copy of a manifest's file; false when none was found.</summary>
    public bool TryManifest(ManifestId id)
    {
        if (store.Options.ReadOnly) return false;
        foreach (var other in options.RepairFrom)
        {
            try
            {
                var bytes = other == store || !other.HasManifest(id) ? [] : other.ReadManifest(id);
                if (bytes.Length == 0 || ManifestFormat.IdOf(bytes) != id) continue;
                store.WriteManifest(id, bytes);
                return true;
            }
            catch (IOException)
            {
                // The next one may have it.
            }
        }

        return false;
    }

    private bool TryOtherStores(BlockCodec codec, BlockAddress address)
    {
        foreach (var other in options.RepairFrom)
        {
            if (other == store || !other.Index.TryFind(address, out var at)) continue;
            using var use = other.Segments.Use(at.Segment);
            if (use is not { Segment: var segment }) continue;
            try
            {
                other.EnsureWritten(at);
                if (TryLoad(codec, segment, at, address)) return true;
            }
            catch (IOException)
            {
                // Damaged over there too.
            }
        }

        return false;
    }

    // Compaction leaves a second copy until its original is purged, and a crash may leave one for longer.
    private bool TryOtherRecords(BlockCodec codec, BlockAddress address)
    {
        foreach (var segment in store.Segments.InUse())
        {
            if (segment.Sealed && TryLoadAny(codec, segment, address)) return true;
        }

        foreach (var file in store.TrashFiles())
        {
            using var segment = store.OpenTrashed(file);
            if (segment is not null && TryLoadAny(codec, segment, address)) return true;
        }

        return false;
    }

    private bool TryLoadAny(BlockCodec codec, Segment segment, BlockAddress address)
    {
        try
        {
            return segment.Footer() is { } entries && entries.Exists(e => e.Address == address
                && TryLoad(codec, segment, new BlockLocation(segment.Id, e.Offset, e.StoredLength), address));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private bool TryLoad(BlockCodec codec, Segment segment, BlockLocation at, BlockAddress address)
    {
        if (!BlockStore.TryLoadAt(codec, segment, at) || codec.Header.Address != address) return false;
        if (!KeyFor(codec.Header, out var domain)) return true;
        codec.UnpackVerified(domain, codec.Plain);

        // Unpacking decrypted the record where it lay; what is appended are the stored bytes.
        return domain is null || BlockStore.TryLoadAt(codec, segment, at);
    }

    private bool TryLayers(BlockCodec codec, BlockAddress address)
    {
        if (options.LocalCopies is null) return false;
        var block = new byte[Block.Size];
        Span<byte> digest = stackalloc byte[32];
        if (!options.LocalCopies(address, block, out var domain)) return false;
        SHA256.HashData(block, digest);
        if (KeyDomain.AddressOf(domain, digest) != address) return false;
        codec.Pack(block, address, RecordHeader.KindBlock, domain, Effort.Plain);
        return true;
    }
}
