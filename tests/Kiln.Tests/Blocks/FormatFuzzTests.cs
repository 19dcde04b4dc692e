using System.Buffers.Binary;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Tests.Blocks;

/// <summary>Readers before bytes that nobody wrote: a typed refusal, never a crash, a hang or a large
/// allocation.</summary>
public class FormatFuzzTests
{
    [Fact]
    public void Manifest_and_page_readers_refuse_what_is_not_one()
    {
        var random = new Random(11);
        var page = new ManifestPage();
        for (var i = 0; i < 40; i++) page.Set(random.Next(4096), new BlockAddress(SHA256.HashData([(byte)i])));
        var pageBytes = page.Encode(out var address);
        var manifest = ManifestFormat.Encode(9000, "key-1", [new PageReference(1, page.Count, address)], out _);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Mutate(random, round % 2 == 0 ? pageBytes : manifest);
            try
            {
                // The right name for wrong bytes: the digest does not protect against who made the name.
                if (round % 2 == 0) Assert.InRange(ManifestPage.Decode(bytes).Count, 0, 4096);
                else Assert.InRange(ManifestFormat.Decode(bytes, ManifestFormat.IdOf(bytes)).Pages.Length, 0, 65_536);
            }
            catch (BlockCorruptException)
            {
                // As it should.
            }
        }
    }

    [Fact]
    public void Segments_of_noise_are_skipped_and_the_store_opens()
    {
        var random = new Random(12);
        var disk = new MemoryBackend();
        using (var store = BlockStore.Open(disk, Some.Small, TimeProvider.System))
        {
            for (var i = 0; i < 6; i++) store.Put(Some.Block(i), null);
        }

        var name = "segments/" + disk.List("segments")[0];
        var good = new byte[disk.Open(name).Length];
        disk.Open(name).Read(0, good);
        var read = new byte[Block.Size];
        for (var round = 0; round < 150; round++)
        {
            var wrong = disk.Reopen();
            var bytes = Mutate(random, good);
            var file = wrong.Open(name);
            file.SetLength(0);
            file.Write(0, bytes);
            using var store = BlockStore.Open(wrong, Some.Small, TimeProvider.System);
            for (var i = 0; i < 6; i++)
            {
                var expected = Some.Block(i);
                try
                {
                    store.Read(new BlockAddress(SHA256.HashData(expected)), null, read);
                    Assert.True(read.AsSpan().SequenceEqual(expected));
                }
                catch (BlockStoreException)
                {
                    // Refused, not served.
                }
            }
        }
    }

    [Fact]
    public void Headers_of_noise_never_promise_more_than_a_block()
    {
        var random = new Random(13);
        var bytes = new byte[RecordHeader.Size];
        for (var round = 0; round < 100_000; round++)
        {
            random.NextBytes(bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(5), 0);
            bytes[7] = 0;
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(84), 0);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), random.Next(-5, Block.Size + 5));
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), random.Next(-5, RecordHeader.StoredMax + 5));
            var header = new RecordHeader(bytes);
            if (!header.IsSane()) continue;
            Assert.InRange(header.StoredLength, 0, RecordHeader.StoredMax);
            for (var i = 0; i < header.FrameCount; i++)
                Assert.InRange(header.FrameOffset(i) + header.FrameLength(i), 0, header.StoredLength);
        }
    }

    [Fact]
    public void Volumes_of_noise_refuse_to_open()
    {
        var random = new Random(14);
        var disk = new MemoryBackend();
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        var volume = VolumeDevice.Create(disk, 2 * Block.Size, null, store, _ => null!, TimeProvider.System);
        for (var i = 0; i < 8; i++)
        {
            volume.Write(i * 8192, Some.Block(i).AsSpan(0, 4096));
            volume.Flush();
        }

        var names = new[] { "volume", "layer-000001.log" };
        for (var round = 0; round < 400; round++)
        {
            var wrong = disk.Reopen();
            var file = wrong.Open(names[round % 2]);
            var bytes = new byte[file.Length];
            file.Read(0, bytes);
            bytes = Mutate(random, bytes);
            file.SetLength(0);
            file.Write(0, bytes);
            try
            {
                using var opened = VolumeDevice.Open(wrong, store, _ => null!, TimeProvider.System);
                opened.Read(0, new byte[4096]);
            }
            catch (BlockStoreException)
            {
                // Refused by name.
            }
        }
    }

    private static byte[] Mutate(Random random, byte[] good)
    {
        byte[] bytes = random.Next(6) == 0 ? good[..random.Next(good.Length)] : [.. good];
        if (bytes.Length == 0) return bytes;
        for (var i = 0; i < random.Next(1, 6); i++)
        {
            var at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 200) : bytes.Length);
            bytes[at] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
        }

        return bytes;
    }
}
