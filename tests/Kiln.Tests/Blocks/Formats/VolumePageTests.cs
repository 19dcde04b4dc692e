using System.IO.Hashing;
using System.Text;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;

namespace Kiln.Tests.Blocks.Formats;

/// <summary>A volume made by hand from docs/formats/volume.md, field by field, and read by the code.</summary>
public class VolumePageTests
{
    private const int SizeBytes = 2 * Block.Size;

    // Layer 1: sector 0 in the map. Layer 2: sectors 1 and 128 (of block 1) in the log, 2 for a boot that is over.
    [Fact]
    public void Volume_made_by_hand_is_read()
    {
        using var disk = new MemoryBackend();
        WriteRecord(disk);
        Bytes.Write(disk, "layer-000001.data", Data((0, 1)));
        Bytes.Write(disk, "layer-000001.map", Map(sequence: 4, leaf: 0, block: 0, bits: 1));
        Bytes.Write(disk, "layer-000001.log", LogHeader(4));
        Bytes.Write(disk, "layer-000002.data", Data((0, 9), (1, 2), (2, 3), (128, 4)));
        Bytes.Write(disk, "layer-000002.log", LogHeader(0), Batch(0, 0, (0, 0b10)), Batch(0, 77, (0, 0b100)),
            Batch(0, 0, (1, 1)), new byte[24]);
        Bytes.Write(disk, "layer-000009.data", Data((0, 9)));

        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        using var volume = VolumeDevice.Open(disk, store, _ => null!, TimeProvider.System);
        var read = new byte[SizeBytes];
        volume.Read(0, read);
        Assert.Equal(
            [1, 2, 0, 4], new[] { 0, 1, 2, 128 }.Select(sector => (int)read[sector * 4096]));
        var cut = Assert.Single(volume.Cuts);
        Assert.Equal(("snap-1", 1, true), (cut.Id, cut.Layer, cut.IsSettled));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000), cut.CreatedAt);

        // What the record does not name is a leftover.
        Assert.False(disk.Exists("layer-000009.data"));
    }

    [Fact]
    public void Code_writes_what_the_page_draws()
    {
        using var disk = new MemoryBackend();
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        var volume = VolumeDevice.Create(disk, SizeBytes, null, store, _ => null!, TimeProvider.System);
        Assert.Equal((byte[])LogHeader(0), Bytes.Read(disk, "layer-000001.log")[..32]);
        volume.Write(2 * 4096, new byte[4096]);
        volume.Flush();
        Assert.Equal(Batch(0, 0, (0, 0b100)), Bytes.Read(disk, "layer-000001.log")[32..80]);
        volume.Dispose();
        Assert.Equal(Map(sequence: 1, leaf: 0, block: 0, bits: 0b100), Bytes.Read(disk, "layer-000001.map"));
    }

    [Fact]
    public void Map_of_another_hash_and_log_ahead_of_its_map_are_refused()
    {
        using var disk = new MemoryBackend();
        WriteRecord(disk);
        Bytes.Write(disk, "layer-000001.data", Data());
        var map = Map(sequence: 4, leaf: 0, block: 0, bits: 1);
        map[^1] ^= 1;
        Bytes.Write(disk, "layer-000001.map", map);
        Bytes.Write(disk, "layer-000001.log", LogHeader(4));
        Bytes.Write(disk, "layer-000002.data", Data());
        Bytes.Write(disk, "layer-000002.log", LogHeader(0));
        using var store = BlockStore.Open(new MemoryBackend(), Some.Small, TimeProvider.System);
        Assert.Throws<BlockCorruptException>(
            () => VolumeDevice.Open(disk.Reopen(), store, _ => null!, TimeProvider.System));

        map[^1] ^= 1;
        disk.Open("layer-000001.map").Write(0, map);
        disk.Open("layer-000001.log").Write(0, LogHeader(5));
        Assert.Throws<BlockCorruptException>(
            () => VolumeDevice.Open(disk.Reopen(), store, _ => null!, TimeProvider.System));
    }

    private static void WriteRecord(MemoryBackend disk)
    {
        var json = Encoding.UTF8.GetBytes("""
            {
              "Version": 2, "SizeBytes": 1048576, "Base": null, "BaseDomain": null, "Domain": null, "NextLayer": 3,
              "Layers": [ { "Number": 1, "Dirty": true, "Key": null }, { "Number": 2, "Dirty": true, "Key": null } ],
              "Cuts": [ { "Id": "snap-1", "Layer": 1, "SizeBytes": 1048576, "CreatedAtMs": 1700000000000,
                          "Settled": true, "Boot": 1 } ]
            }
            """);
        var hash = Encoding.ASCII.GetBytes($"\n{XxHash3.HashToUInt64(json):x16}\n");
        Bytes.Write(disk, "volume", json, hash);
    }

    // Sectors that begin with a byte.
    private static byte[] Data(params (int Sector, byte Value)[] sectors)
    {
        var data = new byte[SizeBytes];
        foreach (var (sector, value) in sectors) data[sector * 4096] = value;
        return data;
    }

    private static byte[] Map(ulong sequence, int leaf, int block, ulong bits)
    {
        var leaves = new Bytes(4112).U32(0, (uint)leaf).U64(16 + (block * 16), bits);
        var header = new Bytes(32).Text(0, "KILNVMP1").U64(8, sequence).U32(16, 1);
        var seed = XxHash3.HashToUInt64(header.Span[..24]);
        header.U64(24, XxHash3.HashToUInt64(leaves.Span, (long)seed));
        return [.. header.Span, .. leaves.Span];
    }

    private static Bytes LogHeader(ulong sequence) => new Bytes(32).Text(0, "KILNVLG1").U64(8, sequence).Hash(24);

    private static byte[] Batch(ulong sequence, ulong boot, (ulong Block, ulong Bits) entry)
    {
        var batch = new Bytes(48).Text(0, "KVB1").U32(4, 1).U64(8, boot).U64(24, entry.Block).U64(32, entry.Bits);

        // Seeded with sequence, boot and the length of the batch in bits.
        var seed = sequence ^ boot ^ (48 << 8);
        return batch.U64(16, XxHash3.HashToUInt64(batch.Span[24..], (long)seed));
    }
}
