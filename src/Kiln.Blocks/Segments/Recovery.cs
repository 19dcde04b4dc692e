using System.IO.Hashing;
using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Segments;

/// <summary>Finds the records of a segment: by its footer, or by walking it. Format: docs/formats/segment.md.</summary>
internal static class Recovery
{
    // A read may go wrong once without anything being wrong on the disk, and what a walk misreads is left out for good.
    private const int ReadsMax = 3;

    /// <summary>Reads the footer; false when there is none that can be trusted.</summary>
    internal static bool TryReadFooter(IBackendFile file, ulong seed, List<SegmentEntry> entries) =>
        Surely(() => TryReadFooterOnce(file, seed, entries));

    private static bool Surely(Func<bool> look)
    {
        for (var i = 0; i < ReadsMax; i++)
        {
            if (look()) return true;
        }

        return false;
    }

    private static bool TryReadFooterOnce(IBackendFile file, ulong seed, List<SegmentEntry> entries)
    {
        var length = file.Length;
        if (length < SegmentFormat.HeaderSize + SegmentFormat.Page || length % SegmentFormat.Page != 0) return false;
        Span<byte> trailer = stackalloc byte[SegmentFormat.TrailerSize];
        if (file.Read(length - trailer.Length, trailer) != trailer.Length
            || !SegmentFormat.TryReadTrailer(trailer, length, seed, out var offset, out var count, out var hash))
            return false;
        var bytes = new byte[count * SegmentFormat.EntrySize];
        if (file.Read(offset, bytes) == bytes.Length
            && SegmentFormat.TryReadEntries(bytes, seed, hash, offset, entries)) return true;
        entries.Clear();
        return false;
    }

    /// <summary>
    /// Walks a segment without a footer: every whole record counts, whatever is between is dead. Then seals it, so
    /// that the next start need not walk.
    /// </summary>
    internal static void Scan(
        IBackendFile file, ulong seed, List<SegmentEntry> entries, RecoveryReport report, bool seal)
    {
        report.ScannedSegments++;
        var length = file.Length;
        var buffer = new byte[RecordHeader.Size + RecordHeader.StoredMax];
        long at = SegmentFormat.HeaderSize;
        var end = at;
        while (at + RecordHeader.Size <= length)
        {
            var here = at;
            if (!Surely(() => HasHeader(file, here, seed, buffer)))
            {
                // Padding, a hole, or damage: pieces begin at pages, so the next page is the next chance.
                at = (at + SegmentFormat.Page) & -SegmentFormat.Page;
                continue;
            }

            var header = new RecordHeader(buffer);
            if (Surely(() => HasRecord(file, here, buffer)))
            {
                if (seal) Rewrite(file, at, buffer.AsSpan(0, RecordHeader.Size + header.StoredLength));
                entries.Add(new SegmentEntry(header.Address, (uint)at, header.StoredLength));
                report.RecoveredRecords++;
            }
            else
            {
                report.TornRecords++;
            }

            at += header.Total;
            end = at;
        }

        if (!seal) return;

        // What only the page cache held may be met by a put and committed: it has to be durable, sealed or not.
        file.Sync();
        if (WasSealed(file, length))
        {
            // Behind a footer nothing was ever torn: whatever is not readable has rotted, and stays as evidence.
            report.DamagedFooters++;
            end = length;
        }

        TrySeal(file, seed, entries, end);
    }

    /// <summary>Ends a segment at a page with the footer that lists its records, durably.</summary>
    internal static void Seal(IBackendFile file, ulong seed, List<SegmentEntry> entries, long end)
    {
        file.SetLength(end);
        file.Write(end, SegmentFormat.Footer(entries, end, seed));
        file.Sync();
    }

    /// <summary>
    /// Writes a rotted header page anew, if the seed in it is whole: the footer, or the first record, proves that.
    /// </summary>
    internal static bool TryMendHeader(
        IBackendFile file, ReadOnlySpan<byte> page, uint id, bool readOnly, out ulong seed)
    {
        seed = 0;
        if (page.Length < SegmentFormat.HeaderSize) return false;
        seed = SegmentFormat.SeedOf(page);
        var first = new RecordHeader(new byte[RecordHeader.Size]);
        if (!TryReadFooter(file, seed, [])
            && (file.Read(SegmentFormat.HeaderSize, first.Bytes) != RecordHeader.Size
                || !first.IsValidAt(SegmentFormat.HeaderSize, seed))) return false;
        if (readOnly) return true;
        var mended = new byte[SegmentFormat.HeaderSize];
        // Whether it was dense is as uncertain as the rest; records say it themselves.
        SegmentFormat.WriteHeader(mended, id, seed, SegmentFormat.CreatedAt(page), dense: false);
        try
        {
            file.Write(0, mended);
            file.Sync();
        }
        catch (BlockStoreException)
        {
            // A full or read-only disk must not keep the store from being read; the next start tries again.
        }

        return true;
    }

    // A process that died after a failed sync leaves pages that the kernel takes for written and the disk does not
    // have: a sync alone would be a lie.
    private static void Rewrite(IBackendFile file, long at, ReadOnlySpan<byte> record)
    {
        try
        {
            file.Write(at, record);
        }
        catch (StoreFullException)
        {
            // Then the sync is all that can be done.
        }
    }

    private static bool WasSealed(IBackendFile file, long length)
    {
        Span<byte> trailer = stackalloc byte[SegmentFormat.TrailerSize];
        return length % SegmentFormat.Page == 0 && length >= SegmentFormat.HeaderSize + SegmentFormat.Page
            && file.Read(length - trailer.Length, trailer) == trailer.Length
            && SegmentFormat.LooksLikeTrailer(trailer);
    }

    private static void TrySeal(IBackendFile file, ulong seed, List<SegmentEntry> entries, long end)
    {
        try
        {
            // What follows the last header is a torn write: nothing was promised about it. A record with a header but
            // damaged bytes keeps its place: it may be evidence, and only its commit could tell.
            Seal(file, seed, entries, (end + SegmentFormat.Page - 1) & -SegmentFormat.Page);
        }
        catch (BlockStoreException)
        {
            // A full or read-only disk must not keep the store from being read; the next start scans again.
        }
    }

    private static bool HasHeader(IBackendFile file, long at, ulong seed, byte[] buffer)
    {
        var header = new RecordHeader(buffer);
        return file.Read(at, header.Bytes) == RecordHeader.Size && header.IsValidAt(at, seed);
    }

    private static bool HasRecord(IBackendFile file, long at, byte[] buffer)
    {
        var header = new RecordHeader(buffer);
        var stored = buffer.AsSpan(RecordHeader.Size, header.StoredLength);
        return file.Read(at + RecordHeader.Size, stored) == stored.Length && IsIntact(header, stored);
    }

    private static bool IsIntact(RecordHeader header, ReadOnlySpan<byte> stored)
    {
        for (var frame = 0; frame < header.FrameCount; frame++)
        {
            var length = header.FrameLength(frame);
            if (header.FrameCodec(frame) != RecordHeader.CodecZero
                && XxHash3.HashToUInt64(stored.Slice(header.FrameOffset(frame), length)) != header.FrameHash(frame))
                return false;
        }

        return true;
    }
}
