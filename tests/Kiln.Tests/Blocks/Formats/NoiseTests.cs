using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks.Formats;

/// <summary>
/// Files whose hashes are right and whose fields are not, as a bug or a bad hand would make them, and files of noise:
/// refused by name, without a large allocation.
/// </summary>
public class NoiseTests
{
    private const int Rounds = 600;
    private const long AllocatedMax = 64L << 20;

    private static readonly string[] Numbers =
    [
        "0", "-1", "1", "2", "4096", "4097", "524288", "2147483647", "-2147483648",
        "9223372036854775807", "1e3", "null", "\"1\"", "true", "[]", "{}",
    ];

    [Fact]
    public void Records_of_volumes_with_right_hashes_and_wrong_fields_are_refused()
    {
        var random = new Random(21);
        using var disk = new MemoryBackend();
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using (var volume = VolumeDevice.Create(disk, 2 * Block.Size, null, store, _ => null!, TimeProvider.System))
        {
            volume.Write(0, new byte[4096]);
            volume.Cut("snap-1");
        }

        var bytes = Bytes.Read(disk, "volume");
        var json = Encoding.UTF8.GetString(bytes, 0, bytes.Length - 18);
        var values = System.Text.RegularExpressions.Regex.Matches(json, @"(?<=: )(-?\d+|true|false|null|""[^""]*"")");
        for (var round = 0; round < Rounds; round++)
        {
            var value = values[random.Next(values.Count)];
            var changed = Encoding.UTF8.GetBytes(
                json[..value.Index] + Numbers[random.Next(Numbers.Length)] + json[(value.Index + value.Length)..]);
            var hash = Encoding.ASCII.GetBytes($"\n{XxHash3.HashToUInt64(changed):x16}\n");
            TryOpen(disk, "volume", [.. changed, .. hash], store);
        }
    }

    [Fact]
    public void Maps_and_logs_with_right_hashes_and_wrong_fields_are_refused()
    {
        var random = new Random(22);
        using var disk = new MemoryBackend();
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using (var volume = VolumeDevice.Create(disk, 2 * Block.Size, null, store, _ => null!, TimeProvider.System))
            volume.Write(0, new byte[4096]);
        for (var round = 0; round < Rounds; round++)
        {
            var count = random.Next(4) == 0 ? random.Next() : random.Next(3);
            var body = new byte[(int)Math.Min(count, 3L) * 4112];
            random.NextBytes(body);
            var map = new Bytes(32).Text(0, "KILNVMP1").U64(8, 1).U32(16, (uint)count);
            map.U64(24, XxHash3.HashToUInt64(body, (long)XxHash3.HashToUInt64(map.Span[..24])));
            TryOpen(disk, "layer-000001.map", [.. map.Span, .. body], store);

            var entries = random.Next(3);
            var batch = new Bytes(24 + (entries * 24)).Text(0, "KVB1")
                .U32(4, random.Next(4) == 0 ? (uint)random.Next() : (uint)entries);
            random.NextBytes(batch.Span[24..]);
            batch.U64(16, XxHash3.HashToUInt64(batch.Span[24..], 1L ^ (batch.Span.Length << 8)));
            byte[] log = [.. new Bytes(32).Text(0, "KILNVLG1").U64(8, 1).Hash(24).Span, .. batch.Span];
            TryOpen(disk, "layer-000001.log", log, store);
        }
    }

    [Fact]
    public void Journals_of_noise_are_cut_off_where_they_end_or_refused()
    {
        var random = new Random(23);
        for (var round = 0; round < Rounds; round++)
        {
            using var disk = new MemoryBackend();
            using var store = BlockStore.Open(disk, Some.Small, TimeProvider.System);
            var header = new Bytes(4096).Text(0, "KILNSTG1")
                .U16(10, (ushort)(random.Next(3) == 0 ? random.Next(65_536) : 0))
                .U64(16, random.Next(3) == 0 ? (ulong)random.NextInt64() : 100);
            if (random.Next(4) > 0) header.Hash(4088);
            var entry = new Bytes(80).U64(0, random.Next(2) == 0 ? (ulong)random.NextInt64() : 5)
                .Put(8, SHA256.HashData([1])).Hash(72);
            var noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            Bytes.Write(disk, "staging/snap-1.journal", header, entry, noise);
            Guarded(() =>
            {
                using var staged = store.OpenStaged("snap-1", _ => Some.Domain());
                Assert.InRange(staged!.WrittenCount, 0, 1);
            });
        }
    }

    private static void TryOpen(MemoryBackend disk, string name, byte[] bytes, BlockStore store)
    {
        using var wrong = disk.Reopen();
        using var file = wrong.Open(name);
        file.SetLength(0);
        file.Write(0, bytes);
        Guarded(() =>
        {
            using var opened = VolumeDevice.Open(wrong, store, _ => null!, TimeProvider.System);
            Assert.InRange(opened.SizeBytes, 1, VolumeDevice.SizeBytesMax);
            opened.Read(0, new byte[4096]);
        });
    }

    // A typed refusal or an honest answer, and no memory for what only a field claims.
    private static void Guarded(Action open)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            open();
        }
        catch (Exception e) when (e is BlockStoreException or FileNotFoundException)
        {
            // Refused by name.
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocatedMax);
    }
}
