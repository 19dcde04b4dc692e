using System.IO.Hashing;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks.Formats;

/// <summary>
/// A store made by hand from docs/formats/segment.md and docs/formats/manifest.md, field by field, and read by the
/// code: the pages and the code agree, and stores of today can be read tomorrow.
/// </summary>
public class StorePagesTests
{
    private const ulong Seed = 0x0123_4567_89AB_CDEF;
    private const int RecordHeaderSize = 192;
    private const int FrameSize = 65_536;

    // One frame of letters, the other seven zeros.
    private static readonly byte[] Plain = MakePlain();
    private static readonly byte[] Address = SHA256.HashData(Plain);

    [Fact]
    public void Store_made_by_hand_is_read()
    {
        using var disk = new MemoryBackend();
        var page = Page();
        var id = WriteStore(disk, page, sealedSegment: true);
        using var store = BlockStore.Open(disk, Some.Small, TimeProvider.System);
        Assert.Equal(0, store.Recovered.ScannedSegments);
        Verify(store, id);
    }

    [Fact]
    public void Segment_without_a_footer_is_walked_and_sealed_as_the_page_says()
    {
        using var disk = new MemoryBackend();
        var page = Page();
        var id = WriteStore(disk, page, sealedSegment: false);
        using (var store = BlockStore.Open(disk, Some.Small, TimeProvider.System))
        {
            Assert.Equal((1, 2), (store.Recovered.ScannedSegments, store.Recovered.RecoveredRecords));
            Verify(store, id);
        }

        Assert.Equal(Segment(page, sealedSegment: true), Bytes.Read(disk, "segments/00000007.seg"));
    }

    [Fact]
    public void Code_writes_what_the_pages_draw()
    {
        var header = new byte[4096];
        var created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
        SegmentFormat.WriteHeader(header, 7, Seed, created, dense: false);
        Assert.Equal((byte[])SegmentHeader(), header);

        var page = new ManifestPage();
        page.Set(3, new BlockAddress(Address));
        page.Set(4, BlockAddress.Zero);
        Assert.Equal((byte[])Page(), page.Encode(out var address));
        Assert.Equal(SHA256.HashData(Page()), Convert.FromHexString(address.ToString()));

        var manifest = ManifestFormat.Encode(5000, null, [new PageReference(0, 2, address)], out var id);
        Assert.Equal((byte[])Manifest(Page()), manifest);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(manifest)), id.ToString());

        Assert.Equal((byte[])JournalHeader(), StagingFormat.Header(5000, null, null));
        var entry = new byte[80];
        StagingFormat.WriteEntry(entry, 3, new BlockAddress(Address), Address);
        Assert.Equal((byte[])JournalEntry(), entry);
    }

    [Fact]
    public void Journal_made_by_hand_is_read()
    {
        using var disk = new MemoryBackend();
        WriteStore(disk, Page(), sealedSegment: true);
        Bytes.Write(disk, "staging/snap-1.journal", JournalHeader(), JournalEntry(), new byte[30]);
        using var store = BlockStore.Open(disk, Some.Small, TimeProvider.System);
        using var staged = store.OpenStaged("snap-1", _ => null!)!;
        Assert.Equal((5000, 1), (staged.VolumeBlocks, staged.WrittenCount));
        Assert.True(staged.TryGet(3, out var address));
        Assert.Equal(new BlockAddress(Address), address);
        Assert.Equal(SHA256.HashData(Address), staged.LinearChecksum());
        Assert.Equal(4096 + 80, Bytes.Read(disk, "staging/snap-1.journal").Length);
    }

    private static void Verify(BlockStore store, ManifestId id)
    {
        var manifest = store.OpenManifest(id);
        Assert.Equal((5000, 2), (manifest.VolumeBlocks, manifest.BlockCount));
        Assert.True(manifest.TryGet(4, out var zero) && zero.IsZero);
        Assert.True(manifest.TryGet(3, out var address));
        var read = new byte[Block.Size];
        store.Read(address, null, read);
        Assert.True(read.AsSpan().SequenceEqual(Plain));
    }

    private static ManifestId WriteStore(MemoryBackend disk, Bytes page, bool sealedSegment)
    {
        Bytes.Write(disk, "segments/00000007.seg", Segment(page, sealedSegment));
        byte[] manifest = Manifest(page);
        var id = Convert.ToHexStringLower(SHA256.HashData(manifest));
        Bytes.Write(disk, $"manifests/{id}", manifest);
        return new ManifestId(id);
    }

    private static byte[] Segment(Bytes page, bool sealedSegment)
    {
        byte[] block = Record(4096, kind: 0, Plain.Length, Address, Plain.AsSpan(0, FrameSize), frames: 8);
        var second = 4096 + Up(block.Length, 64);
        byte[] pageRecord = Record(second, kind: 1, page.Span.Length, SHA256.HashData(page), page.Span, frames: 1);
        var end = Up(second + pageRecord.Length, 4096);
        var body = new Bytes(end).Put(0, SegmentHeader().Span).Put(4096, block).Put(second, pageRecord);
        if (!sealedSegment) return body;
        var entries = new Bytes(80)
            .Put(0, Address).U32(32, 4096).U32(36, (uint)(block.Length - RecordHeaderSize))
            .Put(40, SHA256.HashData(page)).U32(72, (uint)second).U32(76, (uint)(pageRecord.Length - RecordHeaderSize));
        var trailer = new Bytes(64)
            .Text(0, "KILNFTR1").U16(8, 2).U32(12, 2).U64(16, (ulong)end)
            .U64(24, XxHash3.HashToUInt64(entries.Span, (long)Seed)).Hash(56, Seed);
        return [.. body.Span, .. new Bytes(4096).Put(0, entries.Span).Put(4096 - 64, trailer.Span).Span];
    }

    private static Bytes SegmentHeader() => new Bytes(4096)
        .Text(0, "KILNSEG1").U16(8, 2).U32(12, 7).U64(16, Seed).U64(24, 1_700_000_000_000).U32(32, 524_288).Hash(4088);

    // One raw frame, and zeros for the others.
    private static Bytes Record(
        int position, byte kind, int plainLength, byte[] address, ReadOnlySpan<byte> frame, int frames)
    {
        var record = new Bytes(RecordHeaderSize + frame.Length)
            .Text(0, "KBR1").U8(4, 2).U8(5, 0).U8(6, kind).U8(7, 1)
            .U32(8, (uint)plainLength).U32(12, (uint)frame.Length)
            .U64(16, (ulong)position).Put(24, address).U32(88, (uint)frame.Length)
            .U64(120, XxHash3.HashToUInt64(frame)).Put(RecordHeaderSize, frame);
        for (var i = 1; i < frames; i++) record.U32(88 + (i * 4), 2u << 24);
        return record.Hash(184, Seed);
    }

    private static Bytes Page() => new Bytes(528 + (2 * 32))
        .Text(0, "KILNPAG1").U32(8, 2).U8(16, (1 << 3) | (1 << 4)).Put(528, Address);

    private static Bytes Manifest(Bytes page) => new Bytes(64 + 40)
        .Text(0, "KILNMAN1").U16(8, 1).U32(12, 524_288).U64(16, 5000).U64(24, 2).U32(32, 1)
        .U32(64, 0).U32(68, 2).Put(72, SHA256.HashData(page));

    private static Bytes JournalHeader() =>
        new Bytes(4096).Text(0, "KILNSTG1").U64(16, 5000).Hash(4088);

    private static Bytes JournalEntry() => new Bytes(80).U64(0, 3).Put(8, Address).Put(40, Address).Hash(72);

    private static byte[] MakePlain()
    {
        var plain = new byte[Block.Size];
        for (var i = 0; i < FrameSize; i++) plain[i] = (byte)('a' + (i * 7 % 26));
        return plain;
    }

    private static int Up(int value, int to) => (value + to - 1) / to * to;
}
