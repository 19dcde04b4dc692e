using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using Kiln.Disks;

namespace Kiln.Tests.Disks;

/// <summary>Images as somebody makes them who wants the reader to fall over: each is refused with a sentence, soon, and
/// without taking memory that the file does not account for.</summary>
public sealed class ForgedImageTests : IDisposable
{
    private const ulong Compressed = 1UL << 62;
    private const int Cluster = 64 * 1024, L1At = Cluster, L2At = 2 * Cluster, DataAt = 3 * Cluster;

    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-forged-").FullName;

    [Theory]
    [InlineData(0x2_0000_0000UL)]
    [InlineData(0x1_8000_0000UL)]
    [InlineData(0x8005_0000UL)]
    [InlineData(0x1UL << 52)]
    [InlineData(0x4_0000UL)]
    public void A_compressed_cluster_beyond_the_end_takes_no_memory(ulong offset) =>
        Refused(Qcow2(1 << 20, (L2At, Compressed | offset)), "beyond");

    [Fact]
    public void A_disk_of_one_table_over_and_over_is_not_walked()
    {
        // Sixteen tebibytes, 32,768 pointers to one empty table: 268 million units that are nothing.
        var qcow2 = Qcow2(16L << 40);
        var moved = new byte[qcow2.Length + (8 * Cluster)];
        qcow2.CopyTo(moved, 0);
        var table = moved.Length - (6 * Cluster);
        Big(moved, 40, (ulong)table);
        for (var i = 0; i < 32_768; i++)
            Big(moved, table + (i * 8), L2At);
        Refused(moved, "over each other");

        // The same of VMDK: tables of 256 KiB, one sector after the other.
        var vmdk = Vmdk(capacity: 1L << 35, grain: 8, perTable: 65_536, directory: 65_536);
        for (var i = 0; i < 65_536; i++)
            Little(vmdk, 512 + (i * 4), (uint)(513 + i));
        Refused(vmdk, "over each other");
    }

    [Fact]
    public void Tables_and_clusters_at_crooked_places_are_refused()
    {
        Refused(Qcow2(1 << 20, (L1At, L2At + 512)), "crooked");
        Refused(Qcow2(1 << 20, (L2At, DataAt + 512)), "crooked");
        Refused(Qcow2(1 << 20, (L1At, ulong.MaxValue)), "crooked");
        Refused(Qcow2(1 << 20, (L1At, 1UL << 50)), "end of the file");
        Refused(Qcow2(1 << 20, (40, ulong.MaxValue)), "cut off");
    }

    [Fact]
    public void Sizes_that_no_file_could_have_are_refused()
    {
        foreach (var (at, value, because) in new (int, ulong, string)[]
        {
            (24, ulong.MaxValue, "out of bounds"), (24, 1000, "out of bounds"), (24, 1UL << 62, "larger than"),
            (24, 0, "no size"),
            (32, 0x0000_0000_0000_0000, "first table"), (32, 0x0000_0000_ffff_ffff, "first table"),
            (16, 0x0000_0000_0000_0008, "cluster size"), (16, 0x0000_0000_0000_0016, "cluster size"),
            (16, 0x0000_0000_ffff_ffff, "cluster size"), (8, 1, "backing file"), (72, 4, "external data file"),
            (72, 2, "corrupt"), (72, 16, "extended L2"), (72, 1UL << 63, "not known"),
            (0, 0x514649fb_00000004, "version 4"),
        })
            Refused(Qcow2(1 << 20, (at, value)), because);
        foreach (var (at, value, because) in new (int, ulong, string)[]
        {
            (12, ulong.MaxValue, "larger than"), (12, 1UL << 54, "larger than"), (12, 0, "no size"),
            (20, 0, "grains"), (20, 7, "grains"), (20, 1UL << 55, "grains"), (44, 0, "grains"), (44, 65_537, "grains"),
            (56, 1UL << 54, "cut off"), (4, 9, "version 9"),
        })
        {
            var vmdk = Vmdk(capacity: 2048, grain: 128, perTable: 512, directory: 1);
            BinaryPrimitives.WriteUInt64LittleEndian(vmdk.AsSpan(at), value);
            Refused(vmdk, because);
        }
        var descriptor = Vmdk(capacity: 2048, grain: 128, perTable: 512, directory: 1);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor.AsSpan(28), 1);
        // Its bytes are none when they are counted in 64 bits.
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor.AsSpan(36), 1UL << 55);
        Refused(descriptor, "descriptor");
    }

    [Fact]
    public void Compressed_data_that_makes_too_little_or_wants_a_dictionary_is_damaged()
    {
        var shortStream = new MemoryStream();
        using (var deflate = new DeflateStream(shortStream, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(new byte[100]);
        var qcow2 = Qcow2(1 << 20, (L2At, Compressed | DataAt));
        shortStream.ToArray().CopyTo(qcow2, DataAt);
        Refused(qcow2, "damaged");

        var vmdk = Vmdk(capacity: 2048, grain: 128, perTable: 512, directory: 1);
        Little(vmdk, 8, 1 << 16);
        vmdk[77] = 1;
        Little(vmdk, 512, 2);
        Little(vmdk, 1024, 4);
        Little(vmdk, 2048 + 8, 64);
        // A zlib header that says: decompress me with a dictionary.
        (vmdk[2060], vmdk[2061]) = (0x78, 0x20 + (31 - (((0x78 * 256) + 0x20) % 31)));
        Refused(vmdk, "damaged");
    }

    [Fact]
    public void A_disk_of_one_byte_is_no_forgery()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");
        var content = new byte[32 << 20];
        content.AsSpan().Fill(0xff);
        var raw = Path.Combine(_folder, "raw");
        File.WriteAllBytes(raw, content);
        foreach (var options in (string[])["compression_type=zlib", "compression_type=zstd,cluster_size=2M",
            "compression_type=zlib,cluster_size=4k"])
            Assert.True(content.AsSpan().SequenceEqual(
                DiskImages.Read(DiskImages.Make(raw, _folder, "-c qcow2", options))), options);
        Assert.True(content.AsSpan().SequenceEqual(
            DiskImages.Read(DiskImages.Make(raw, _folder, "vmdk", "subformat=streamOptimized"))));
    }

    [Fact]
    public void What_is_known_but_not_read_is_named()
    {
        foreach (var (at, magic, name) in new (int, byte[], string)[]
        {
            (0, "vhdxfile"u8.ToArray(), "VHDX"), (0, "conectix\0\0\0\u0002"u8.ToArray(), "VHD whose end"),
            (64, [0x7f, 0x10, 0xda, 0xbe], "VDI"), (257, "ustar"u8.ToArray(), "tar archive"),
            (0, "# Disk DescriptorFile\nRW 1 FLAT \"/etc/shadow\" 0\n"u8.ToArray(), "descriptor"),
        })
        {
            var file = new byte[4096];
            magic.CopyTo(file, at);
            Refused(file, name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>qcow2 of version 3 with one table of each kind and one cluster, and words changed in it.</summary>
    private static byte[] Qcow2(long size, params (int At, ulong Value)[] words)
    {
        var image = new byte[4 * Cluster];
        Big(image, 0, 0x514649fb_00000003);
        Big(image, 16, 16);
        Big(image, 24, (ulong)size);
        Big(image, 32, (ulong)((size + (1L << 29) - 1) >> 29));
        Big(image, 40, L1At);
        Big(image, 96, 0x00000004_00000068);
        Big(image, L1At, L2At);
        Big(image, L2At, DataAt);
        foreach (var (at, value) in words)
            Big(image, at, value);
        return image;
    }

    private static byte[] Vmdk(long capacity, long grain, int perTable, int directory)
    {
        var image = new byte[(512 * 1024) + (directory * 512)];
        "KDMV"u8.CopyTo(image);
        Little(image, 4, 1);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(12), capacity);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(20), grain);
        Little(image, 44, (uint)perTable);
        Little(image, 56, 1);
        var last = (image.Length / 512) - 1;
        Little(image, 28, (uint)last);
        Little(image, 36, 1);
        "createType=\"monolithicSparse\"\n"u8.CopyTo(image.AsSpan(last * 512));
        return image;
    }

    private static void Big(byte[] image, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(at), value);

    private static void Little(byte[] image, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), value);

    private void Refused(byte[] image, string because)
    {
        var path = Path.Combine(_folder, "forged");
        File.WriteAllBytes(path, image);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<DiskFormatException>(() => DiskImages.Read(path));
        Assert.Contains(because, refused.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256 << 20, "It took memory for nothing.");
    }
}
