using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// Records in and out: the hot paths of the store.
public sealed partial class BlockStore
{
    // A record may be moved by compaction between the look-up and the read; it is then found at its new place.
    private const int MovesMax = 8;

    private long puts;
    private long dedupHits;
    private long plainBytes;
    private long storedBytes;

    /// <summary>Reads a whole block, verified end to end against its address.</summary>
    /// <exception cref="BlockMissingException">No record has this address.</exception>
    /// <exception cref="BlockCorruptException">A check failed; nothing was served.</exception>
    public void Read(BlockAddress address, KeyDomain? domain, Span<byte> destination)
    {
        if (destination.Length != Block.Size)
            throw new ArgumentException("A block has 524288 bytes.", nameof(destination));
        if (address.IsZero)
        {
            destination.Clear();
            return;
        }

        var codec = codecs.Rent();
        try
        {
            LoadRecord(codec, address, RecordHeader.KindBlock);
            codec.UnpackVerified(domain, destination);
            Interlocked.Add(ref verifiedBytes, destination.Length);
        }
        catch (Exception failure)
        {
            if (failure is BlockCorruptException) Interlocked.Increment(ref damagedReads);

            // What failed a check is not handed out, not even by accident of a caller that ignores the exception.
            destination.Clear();
            throw;
        }
        finally
        {
            codecs.Return(codec);
        }
    }

    /// <summary>Reads a block of the clear domain as a zstd stream (RFC 8878), as far as possible as it is stored.
    /// Whoever unpacks it verifies it, against the address, which is the SHA-256 of the block.</summary>
    /// <param name="address">The block.</param>
    /// <param name="destination">Exactly <see cref="Block.Size"/> bytes; takes the stream.</param>
    /// <returns>The stream's length, or 0 when it would not be shorter than the block.</returns>
    /// <exception cref="BlockMissingException">No record has this address.</exception>
    /// <exception cref="BlockCorruptException">Stored bytes do not match their hash; nothing was served.</exception>
    public int ReadPacked(BlockAddress address, Span<byte> destination)
    {
        if (destination.Length != Block.Size)
            throw new ArgumentException("A block has 524288 bytes.", nameof(destination));
        var codec = codecs.Rent();
        try
        {
            LoadRecord(codec, address, RecordHeader.KindBlock);
            return ZstdFrames.Write(codec, destination);
        }
        catch (BlockCorruptException)
        {
            Interlocked.Increment(ref damagedReads);
            destination.Clear();
            throw;
        }
        finally
        {
            codecs.Return(codec);
        }
    }

    /// <summary>Reads a part of a block, unpacking and verifying only the frames it touches.</summary>
    /// <exception cref="BlockMissingException">No record has this address.</exception>
    /// <exception cref="BlockCorruptException">A check failed; nothing was served.</exception>
    public void ReadRange(BlockAddress address, KeyDomain? domain, int offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)destination.Length, Block.Size, nameof(offset));
        try
        {
            Cache.Read(address, domain, offset, destination);
        }
        catch (BlockCorruptException)
        {
            Interlocked.Increment(ref damagedReads);
            throw;
        }
    }

    /// <summary>Stores a block and hands it to the operating system: it then survives the death of the
    /// process.</summary>
    internal BlockAddress PutWritten(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> sha256, KeyDomain? domain)
    {
        var address = Put(plain, sha256, domain);
        if (!address.IsZero && Index.TryFind(address, out var location)) EnsureWritten(location);
        return address;
    }

    internal void PutPage(ReadOnlySpan<byte> page, BlockAddress address) =>
        PutRecord(page, address, RecordHeader.KindPage, null);

    internal ManifestPage ReadPage(BlockAddress address)
    {
        var codec = codecs.Rent();
        try
        {
            LoadRecord(codec, address, RecordHeader.KindPage);
            codec.UnpackVerified(null, codec.Plain);
            return ManifestPage.Decode(codec.Plain[..codec.Header.PlainLength]);
        }
        finally
        {
            codecs.Return(codec);
        }
    }

    /// <summary>Reads a record as stored into a codec and checks that its header belongs there.</summary>
    internal void LoadRecord(BlockCodec codec, BlockAddress address, byte kind) =>
        Load(codec, address, kind, onlyFrame: -1);

    /// <summary>As <see cref="LoadRecord"/>, with the stored bytes of one frame only.</summary>
    internal void LoadFrame(BlockCodec codec, BlockAddress address, int frame) =>
        Load(codec, address, RecordHeader.KindBlock, frame);

    private void Load(BlockCodec codec, BlockAddress address, byte kind, int onlyFrame)
    {
        Demanded();
        for (var attempt = 0; ; attempt++)
        {
            if (!Index.TryFind(address, out var location)
                && !(TryTakeFromTrash(address) && Index.TryFind(address, out location)))
                throw new BlockMissingException(address);
            using var use = segments.Use(location.Segment);
            if (use is { Segment: var segment })
            {
                try
                {
                    ReadRecord(codec, segment, location, address, onlyFrame);
                    if (codec.Header.Kind != kind)
                        throw new BlockCorruptException($"The record of {address} is of another kind.");
                    return;
                }
                catch (BlockCorruptException) when (
                    attempt < MovesMax && Index.TryFind(address, out var now) && now != location)
                {
                    // A place that was given up under us.
                }
            }

            ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
            if (attempt >= MovesMax) throw new BlockMissingException(address);
        }
    }

    /// <summary>Appends the record in hand (from another segment or store) unless it is there.</summary>
    internal bool AppendRecord(BlockCodec codec)
    {
        var address = codec.Header.Address;
        if (Index.TryRenew(address, out _)) return false;
        return Append(codec);
    }

    /// <summary>Appends the record in hand and gives its address that place.</summary>
    /// <param name="codec">The record.</param>
    /// <param name="from">Where it was copied from; null for a new one.</param>
    /// <returns>False when the address has another place by now: what was appended is dead weight.</returns>
    internal bool Append(BlockCodec codec, BlockLocation? from = null)
    {
        if (options.ReadOnly) throw new StoreReadOnlyException("The store was opened read-only.");
        var record = codec.Record[..(RecordHeader.Size + codec.Header.StoredLength)];
        Heal();
        backend.Claim(record.Length);
        try
        {
            return AppendToAny(record, codec.Header.Effort, from);
        }
        catch (StoreReadOnlyException)
        {
            // Mostly it was somebody else's sync that failed: what is in hand goes to what comes after.
            Heal();
            return AppendToAny(record, codec.Header.Effort, from);
        }
    }

    private bool AppendToAny(ReadOnlySpan<byte> record, Effort effort, BlockLocation? from)
    {
        if (effort == Effort.Dense)
        {
            // They keep to themselves: recompression then passes their segments by without a look.
            var dense = Volatile.Read(ref appenders[^1]);
            lock (dense.Gate) return dense.Put(record, from);
        }

        var start = Interlocked.Increment(ref nextAppender) & int.MaxValue;
        var writers = appenders.Length - 1;

        // The first that is free; a writer that waits for its disk holds its own lock only.
        for (var i = 0; i < writers; i++)
        {
            var candidate = Volatile.Read(ref appenders[(start + i) % writers]);
            if (!candidate.Gate.TryEnter()) continue;
            try
            {
                return candidate.Put(record, from);
            }
            finally
            {
                candidate.Gate.Exit();
            }
        }

        var appender = Volatile.Read(ref appenders[start % writers]);
        lock (appender.Gate) return appender.Put(record, from);
    }

    internal void EnsureWritten(BlockLocation location)
    {
        if (segments.Find(location.Segment) is not { } segment || location.Offset < segment.Written
            || segment.Appender is not { } appender) return;
        lock (appender.Gate)
        {
            if (location.Offset >= segment.Written) appender.WriteOut();
        }
    }

    private void PutRecord(
        ReadOnlySpan<byte> plain, BlockAddress address, byte kind, KeyDomain? domain, Effort effort = Effort.Plain)
    {
        Demanded();
        Heal();
        Interlocked.Increment(ref puts);
        if (kind == RecordHeader.KindBlock) Interlocked.Add(ref offeredBytes, plain.Length);
        if (Index.TryRenew(address, out _))
        {
            Interlocked.Increment(ref dedupHits);
            return;
        }

        var began = Clock.GetTimestamp();
        var codec = codecs.Rent();
        try
        {
            codec.Pack(plain, address, kind, domain, effort);
            // Of the same records, so that their ratio is that of compression: none of moved, copied or repacked ones.
            Interlocked.Add(ref plainBytes, plain.Length);
            Interlocked.Add(ref storedBytes, RecordHeader.Size + codec.Header.StoredLength);
            Append(codec);
            options.Metrics?.Put(this, began);
        }
        finally
        {
            codecs.Return(codec);
        }
    }

    private static void ReadRecord(
        BlockCodec codec, Segment segment, BlockLocation location, BlockAddress address, int onlyFrame)
    {
        var buffered = TryReadBuffered(codec, segment, location);
        var length = RecordHeader.Size + (onlyFrame < 0 ? location.StoredLength : 0);
        var read = buffered ? length
            : onlyFrame < 0 ? ReadWhole(codec, segment, location.Offset, length)
            : segment.File.Read(location.Offset, codec.Record[..length]);
        var header = codec.Header;
        if (read != length || !header.IsValidAt(location.Offset, segment.Seed) || header.Address != address
            || header.StoredLength != location.StoredLength)
            throw new BlockCorruptException($"The record of {address} is damaged in segment {segment.Id:x8}.");
        if (onlyFrame < 0) return;
        if (header.PlainLength != Block.Size)
            throw new BlockCorruptException($"The record of {address} is not a whole block.");
        if (buffered) return;
        var at = RecordHeader.Size + header.FrameOffset(onlyFrame);
        var stored = codec.Record.Slice(at, header.FrameLength(onlyFrame));
        if (segment.File.Read(location.Offset + at, stored) != stored.Length)
            throw new BlockCorruptException($"The record of {address} ends early in segment {segment.Id:x8}.");
    }

    // What its appender has not written yet is served from there: compaction and recompression move blocks that guests
    // need, and on a full disk the move cannot be finished.
    private static bool TryReadBuffered(BlockCodec codec, Segment segment, BlockLocation location) =>
        location.Offset >= segment.Written && segment.Appender is { } appender
        && appender.TryCopy(segment, location.Offset, codec.Record[..(RecordHeader.Size + location.StoredLength)]);

    // Whole records go past the page cache: what is read twice is kept unpacked, and fresh cache pages are dear.
    private static int ReadWhole(BlockCodec codec, Segment segment, long offset, int length)
    {
        var bytes = segment.File.ReadLarge(offset, length, codec.Scratch);
        bytes.CopyTo(codec.Record);
        return bytes.Length;
    }
}
