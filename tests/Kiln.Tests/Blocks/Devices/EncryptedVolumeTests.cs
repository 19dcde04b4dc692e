using System.Text;
using CsCheck;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks.Devices;

public class EncryptedVolumeTests
{
    private const int Size = 2 << 20;
    private const int MarkerBytes = 64;

    [Fact]
    public void Overlapping_writes_read_back_as_an_array_of_bytes_does()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using var domain = Some.Domain();
        var sector = Gen.Int[0, (Size / 512) - 1];
        var step = Gen.Select(Gen.Int[0, 9], sector, Gen.Int[1, 300], Gen.Int);
        step.Array[1, 30].Sample(
            steps =>
            {
                var disk = new MemoryBackend();
                var volume = VolumeDevice.Create(disk, Size, null, store, _ => domain, TimeProvider.System, domain.Id);
                var model = new byte[Size];
                foreach (var (kind, first, count, seed) in steps)
                {
                    var offset = first * 512;
                    var part = model.AsSpan(offset, Math.Min(count * 512, Size - offset));
                    switch (kind)
                    {
                        case < 5:
                            new Random(seed).NextBytes(part);
                            volume.Write(offset, part);
                            break;
                        case 5:
                            part.Clear();
                            volume.Write(offset, part);
                            break;
                        case 6:
                            part.Clear();
                            volume.Trim(offset, part.Length);
                            break;
                        case 7:
                            volume.Cut($"cut-{volume.Cuts.Count}");
                            break;
                        case 8 when volume.Cuts.Count > 0:
                            volume.AbandonCut(volume.Cuts[0].Id);
                            break;
                        default:
                            // Killed, before or after a flush: what was answered is there.
                            if (seed % 2 == 0) volume.Flush();
                            disk = disk.Reopen();
                            volume = VolumeDevice.Open(disk, store, _ => domain, TimeProvider.System);
                            break;
                    }

                    var read = new byte[part.Length];
                    volume.Read(offset, read);
                    Assert.True(read.AsSpan().SequenceEqual(part));
                }

                var all = new byte[Size];
                volume.Read(0, all);
                Assert.True(all.AsSpan().SequenceEqual(model));
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public async Task No_file_of_the_volume_holds_a_plain_byte()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var domain = Some.Domain();
        var source = Base(store, out var clear);
        using (var volume = VolumeDevice.Create(
            folder.Sub("vol"), 4 * Block.Size, source, store, _ => domain, TimeProvider.System, domain.Id))
        {
            volume.Write(0, Marked("first", Block.Size));
            volume.Write(Block.Size + 512, Marked("partial", 1536), fua: true);
            volume.Cut("snap-1");
            volume.Write(Block.Size, Marked("second", 8192));
            volume.Cut("snap-2");
            volume.Write(Block.Size + 4096, Marked("third", 512));
            volume.Flush();
            AssertSealed(folder.Sub("vol"), clear);
            volume.AbandonCut("snap-1");
            AssertSealed(folder.Sub("vol"), clear);
            await volume.UploadCutAsync("snap-2", domain, null, CancellationToken.None);
            await volume.HydrateAsync(0, null, CancellationToken.None);
            volume.Grow(5 * Block.Size);
            volume.Write(4 * Block.Size, Marked("grown", 4096));
        }

        AssertSealed(folder.Sub("vol"), clear);
        using var opened = VolumeDevice.Open(folder.Sub("vol"), store, _ => domain, TimeProvider.System);
        Assert.Equal(domain.Id, opened.DomainId);
        AssertReads(opened, 0, Marked("first", Block.Size));
        AssertReads(opened, Block.Size, Marked("second", 4096));
        AssertReads(opened, Block.Size + 4096, Marked("third", 512));
        AssertReads(opened, 3 * Block.Size, clear);
        AssertReads(opened, 4 * Block.Size, Marked("grown", 4096));
    }

    [Fact]
    public async Task Clear_snapshot_lies_below_an_encrypted_volume_and_the_next_is_under_its_key()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var domain = Some.Domain();
        var source = Base(store, out var clear);
        using var volume = VolumeDevice.Create(
            folder.Sub("vol"), 4 * Block.Size, source, store, _ => domain, TimeProvider.System, domain.Id);
        volume.Write((3 * Block.Size) + 1024, Marked("over it", 512));
        volume.Cut("snap-1");
        var id = await volume.UploadCutAsync("snap-1", domain, null, CancellationToken.None);
        Assert.Equal(domain.Id, store.OpenManifest(id).DomainId);
        Marked("over it", 512).CopyTo(clear, 1024);
        AssertReads(volume, 3 * Block.Size, clear);

        // Another volume above the encrypted snapshot has a key of its own, and a clear one has none.
        using var other = Some.Domain("key-2");
        Func<string, KeyDomain> both = name => name == other.Id ? other : domain;
        using var second = VolumeDevice.Create(
            folder.Sub("two"), 4 * Block.Size, id, store, both, TimeProvider.System, other.Id);
        second.Write(0, Marked("two", 4096));
        AssertReads(second, 0, Marked("two", 4096));
        AssertReads(second, 3 * Block.Size, clear);
        using var open = VolumeDevice.Create(folder.Sub("open"), 4 * Block.Size, id, store, both, TimeProvider.System);
        open.Write(0, Marked("open", 4096));
        open.Flush();
        Assert.Null(open.DomainId);
        Assert.Contains(Files(folder.Sub("open")), bytes => bytes.AsSpan().IndexOf(Marked("open", 4096)) >= 0);
    }

    [Fact]
    public void Equal_sectors_differ_by_place_and_by_layer()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using var domain = Some.Domain();
        var disk = new MemoryBackend();
        var volume = VolumeDevice.Create(disk, Size, null, store, _ => domain, TimeProvider.System, domain.Id);
        volume.Write(0, Marked("same", 8192));
        volume.Cut("snap-1");
        volume.Write(0, Marked("same", 8192));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in new[] { "layer-000001.data", "layer-000002.data" })
        {
            var bytes = new byte[8192];
            disk.Open(name).Read(0, bytes);
            foreach (var unit in bytes.Chunk(512)) Assert.True(seen.Add(Convert.ToHexString(unit[..16])));
        }
    }

    [Fact]
    public void Holes_stay_holes()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var domain = Some.Domain();
        using var volume = VolumeDevice.Create(
            folder.Sub("vol"), 1 << 20, null, store, _ => domain, TimeProvider.System, domain.Id);
        volume.Write(0, Marked("data", 256 << 10));
        volume.Trim(64 << 10, 64 << 10);
        volume.WriteZeroes((192 << 10) + 512, 1024);
        Assert.Equal(
            [
                new DeviceExtent(64 << 10, false), new DeviceExtent(64 << 10, true),
                new DeviceExtent(128 << 10, false), new DeviceExtent(768 << 10, true),
            ],
            volume.Status(0, 1 << 20, 10));
        var expected = Marked("data", 256 << 10);
        expected.AsSpan(64 << 10, 64 << 10).Clear();
        expected.AsSpan((192 << 10) + 512, 1024).Clear();
        AssertReads(volume, 0, expected);

        // Zeros that were trimmed hide what a frozen layer still holds.
        volume.Cut("snap-1");
        volume.Trim(0, 4096);
        expected.AsSpan(0, 4096).Clear();
        AssertReads(volume, 0, expected);
        volume.AbandonCut("snap-1");
        AssertReads(volume, 0, expected);
    }

    [Fact]
    public void Another_key_is_refused_and_no_key_is_passed_on()
    {
        using var folder = new TempFolder();
        using var store = Some.Store(folder.Sub("blocks"));
        using var domain = Some.Domain();
        using var wrong = new KeyDomain(domain.Id, new byte[32], new byte[16]);
        VolumeDevice.Create(
            folder.Sub("vol"), 1 << 20, null, store, _ => domain, TimeProvider.System, domain.Id).Dispose();
        Assert.Throws<BlockCorruptException>(
            () => VolumeDevice.Open(folder.Sub("vol"), store, _ => wrong, TimeProvider.System));
        Assert.Throws<InvalidOperationException>(() => VolumeDevice.Open(
            folder.Sub("vol"), store, _ => throw new InvalidOperationException(), TimeProvider.System));
    }

    [Fact]
    public void Volume_of_the_first_version_opens_and_stays_clear()
    {
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        var disk = new MemoryBackend();
        var volume = VolumeDevice.Create(disk, Size, null, store, _ => null!, TimeProvider.System);
        volume.Write(0, Marked("old", 4096));
        volume.Dispose();
        var json = """{"Version":1,"SizeBytes":2097152,"NextLayer":2,"Layers":[{"Number":1,"Dirty":true}],"Cuts":[]}""";
        var hash = System.IO.Hashing.XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(json));
        disk = disk.Reopen();
        disk.WriteAtomic("volume", Encoding.UTF8.GetBytes($"{json}\n{hash:x16}\n"));
        var opened = VolumeDevice.Open(disk, store, _ => null!, TimeProvider.System);
        Assert.Null(opened.DomainId);
        opened.Cut("snap-1");
        AssertReads(opened, 0, Marked("old", 4096));
        AssertReads(VolumeDevice.Open(disk.Reopen(), store, _ => null!, TimeProvider.System), 0, Marked("old", 4096));
    }

    [Theory]
    [InlineData("\"Domain\": \"key-1\"", "\"Domain\": null")]
    [InlineData("\"Key\": {", "\"Yek\": {")]
    [InlineData("\"Salt\": \"", "\"Salt\": \"AAAA")]
    [InlineData("\"Salt\": \"", "\"Salt\": \"?")]
    [InlineData("\"Check\"", "\"Kcehc\"")]
    public void Record_without_the_keys_of_its_layers_is_refused(string good, string wrong)
    {
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using var domain = Some.Domain();
        var disk = new MemoryBackend();
        VolumeDevice.Create(disk, Size, null, store, _ => domain, TimeProvider.System, domain.Id).Dispose();
        disk = disk.Reopen();
        var bytes = new byte[disk.Open("volume").Length];
        disk.Open("volume").Read(0, bytes);
        var json = Encoding.UTF8.GetString(bytes[..^18]);
        Assert.Contains(good, json, StringComparison.Ordinal);
        json = json.Replace(good, wrong, StringComparison.Ordinal);
        var hash = System.IO.Hashing.XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(json));
        disk.WriteAtomic("volume", Encoding.UTF8.GetBytes($"{json}\n{hash:x16}\n"));
        Assert.Throws<BlockCorruptException>(
            () => VolumeDevice.Open(disk, store, _ => domain, TimeProvider.System));
    }

    // A clear snapshot of four blocks; the last holds a marker.
    private static Kiln.Blocks.Manifests.ManifestId Base(BlockStore store, out byte[] content)
    {
        content = Marked("base", Block.Size);
        using var builder = store.BuildManifest(4, null);
        builder.Put(3, content);
        return builder.Commit();
    }

    // No 64 bytes of it repeat, and each piece of 64 begins with words that no ciphertext holds.
    private static byte[] Marked(string name, int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length; at += MarkerBytes)
        {
            var text = Encoding.ASCII.GetBytes($"PLAIN BYTES OF THE GUEST: {name} {at}".PadRight(MarkerBytes));
            text.AsSpan(0, MarkerBytes).CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }

    private static IEnumerable<byte[]> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "lock").Select(File.ReadAllBytes);

    private static void AssertSealed(string directory, byte[] clear)
    {
        foreach (var bytes in Files(directory))
        {
            Assert.True(bytes.AsSpan().IndexOf("PLAIN BYTES OF"u8) < 0);
            Assert.True(bytes.AsSpan().IndexOf(clear.AsSpan(0, MarkerBytes)) < 0);
        }
    }

    private static void AssertReads(VolumeDevice volume, long offset, byte[] expected)
    {
        var read = new byte[expected.Length];
        volume.Read(offset, read);
        Assert.True(read.AsSpan().SequenceEqual(expected));
    }
}
