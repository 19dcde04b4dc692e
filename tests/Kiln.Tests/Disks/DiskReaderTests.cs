using System.Buffers.Binary;
using System.Text;
using Kiln.Disks;

namespace Kiln.Tests.Disks;

/// <summary>Every reader against qemu-img, byte for byte; strangers' files are refused with a sentence.</summary>
public sealed class DiskReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-disks-").FullName;

    public DiskReaderTests() =>
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");

    [Fact]
    public void Every_format_reads_as_qemu_wrote_it()
    {
        var content = DiskImages.Content();
        var raw = Raw(content);
        foreach (var (format, options, reader) in DiskImages.All)
        {
            var path = DiskImages.Make(raw, _folder, format, options);
            using (var source = DiskSource.Open(path))
            {
                var disk = Disk.Open(source);
                Assert.Equal((reader, content.Length), (disk.Format, (int)disk.Length));
                var middle = new byte[100_000];
                disk.Read(990_001, middle);
                Assert.True(content.AsSpan(990_001, middle.Length).SequenceEqual(middle), $"{format} {options}");
            }
            Assert.True(content.AsSpan().SequenceEqual(DiskImages.Read(path)), $"{format} {options}");
        }
        Assert.True(content.AsSpan().SequenceEqual(DiskImages.Read(raw)));
    }

    [Fact]
    public void Images_that_name_other_files_are_refused()
    {
        var raw = Raw(DiskImages.Content());
        var secret = Path.Combine(_folder, "secret");
        File.WriteAllBytes(secret, new byte[1 << 20]);
        DiskImages.Run($"create -q -f qcow2 -b {secret} -F raw {_folder}/backing 1M");
        DiskImages.Run($"create -q -f qcow2 -o data_file={_folder}/data,data_file_raw=on {_folder}/external 1M");
        DiskImages.Run($"convert -O vmdk -o subformat=monolithicFlat {raw} {_folder}/flat.vmdk");
        var sealedImage = File.ReadAllBytes(DiskImages.Make(raw, _folder, "qcow2", "compat=1.1"));
        sealedImage[35] = 2;
        File.WriteAllBytes(Path.Combine(_folder, "luks"), sealedImage);
        DiskImages.Run($"create -q -f qcow2 -o extended_l2=on {_folder}/extended 1M");

        Refused("backing", "backing file");
        Refused("external", "external data file");
        Refused("flat.vmdk", "descriptor");
        DiskImages.Run($"convert -O vmdk -o subformat=twoGbMaxExtentSparse {raw} {_folder}/parts.vmdk");
        Refused("parts.vmdk", "descriptor");
        Refused("parts-s001.vmdk", "one part of a disk");
        Refused("luks", "encryption");
        Refused("extended", "extended L2");
        DiskImages.Run($"convert -O vhdx {raw} {_folder}/vhdx");
        Refused("vhdx", "VHDX");
    }

    [Fact]
    public void A_file_that_is_cut_off_or_forged_is_refused()
    {
        var raw = Raw(DiskImages.Content());
        foreach (var (format, options, _) in DiskImages.All)
        {
            var bytes = File.ReadAllBytes(DiskImages.Make(raw, _folder, format, options));
            // The end of a VHD is what tells that it is one; without it, a fixed VHD is a raw disk.
            if (format == "vpc")
                continue;
            File.WriteAllBytes(Path.Combine(_folder, "cut"), bytes[..(bytes.Length / 2)]);
            Assert.Throws<DiskFormatException>(() => DiskImages.Read(Path.Combine(_folder, "cut")));
        }
        var bomb = File.ReadAllBytes(DiskImages.Make(raw, _folder, "qcow2", "cluster_size=64k"));
        BinaryPrimitives.WriteUInt64BigEndian(bomb.AsSpan(24), 60UL << 40);
        File.WriteAllBytes(Path.Combine(_folder, "bomb"), bomb);
        Refused("bomb", "larger than a volume");
    }

    [Fact]
    public void Tables_that_point_at_the_same_bytes_over_and_over_are_refused()
    {
        var raw = Path.Combine(_folder, "large");
        var content = new byte[32 << 20];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(raw, content);
        var path = DiskImages.Make(raw, _folder, "qcow2", "cluster_size=64k");
        var bytes = File.ReadAllBytes(path);
        var l1 = (int)BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(40));
        var l2 = (int)(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(l1)) & 0x00ff_ffff_ffff_fe00);
        var first = bytes.AsSpan(l2, 8).ToArray();
        for (var i = 0; i < 512; i++)
            first.CopyTo(bytes, l2 + (i * 8));
        // The file shrinks to what its tables use: one cluster, five hundred times.
        var cluster = (int)(BinaryPrimitives.ReadUInt64BigEndian(first) & 0x00ff_ffff_ffff_fe00);
        File.WriteAllBytes(path, bytes[..(Math.Max(cluster, l2) + 65536)]);
        Assert.Contains("over and over", Assert.Throws<DiskFormatException>(
            () => DiskImages.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_partition_table_tells_architecture_and_boot_mode()
    {
        var disk = new byte[1 << 20];
        Assert.False(Facts(disk).IsBootable);
        (disk[510], disk[511]) = (0x55, 0xaa);
        Assert.Equal(new DiskFacts(null, null, true), Facts(disk));
        disk[0] = 0xeb;
        Assert.Equal(new DiskFacts("x86_64", "legacy-bios", true), Facts(disk));

        disk[0] = 0;
        Encoding.ASCII.GetBytes("EFI PART").CopyTo(disk, 512);
        BinaryPrimitives.WriteUInt64LittleEndian(disk.AsSpan(512 + 72), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(disk.AsSpan(512 + 84), 128);
        new Guid("C12A7328-F81F-11D2-BA4B-00A0C93EC93B").ToByteArray().CopyTo(disk, 1024);
        Assert.Equal(new DiskFacts(null, "uefi", true), Facts(disk));
        new Guid("B921B045-1DF0-41C3-AF44-4C6F280D3FAE").ToByteArray().CopyTo(disk, 1024 + 128);
        Assert.Equal(new DiskFacts("arm64", "uefi", true), Facts(disk));
        new Guid("21686148-6449-6E6F-744E-656564454649").ToByteArray().CopyTo(disk, 1024 + 128);
        Assert.Equal(new DiskFacts("x86_64", "uefi-preferred", true), Facts(disk));
    }

    [Fact]
    public void A_disk_that_ends_before_its_partitions_is_not_whole()
    {
        var disk = new byte[1 << 20];
        (disk[510], disk[511]) = (0x55, 0xaa);
        disk[446 + 4] = 0x83;
        BinaryPrimitives.WriteUInt32LittleEndian(disk.AsSpan(446 + 8), 1024);
        BinaryPrimitives.WriteUInt32LittleEndian(disk.AsSpan(446 + 12), 1024);
        Assert.True(Facts(disk).IsWhole);
        Assert.False(Facts(disk[..^512]).IsWhole);

        disk[446 + 4] = 0xee;
        Assert.True(Facts(disk[..^512]).IsWhole);
        Encoding.ASCII.GetBytes("EFI PART").CopyTo(disk, 512);
        BinaryPrimitives.WriteUInt64LittleEndian(disk.AsSpan(512 + 32), 2047);
        Assert.True(Facts(disk).IsWhole);
        Assert.False(Facts(disk[..^512]).IsWhole);
        BinaryPrimitives.WriteUInt64LittleEndian(disk.AsSpan(512 + 32), ulong.MaxValue);
        Assert.False(Facts(disk).IsWhole);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private DiskFacts Facts(byte[] disk)
    {
        using var source = DiskSource.Open(Raw(disk));
        return DiskFacts.Of(Disk.Open(source, "raw"));
    }

    private string Raw(byte[] content)
    {
        var path = Path.Combine(_folder, "raw");
        File.WriteAllBytes(path, content);
        return path;
    }

    private void Refused(string name, string because) => Assert.Contains(because,
        Assert.Throws<DiskFormatException>(() => DiskImages.Read(Path.Combine(_folder, name))).Message,
        StringComparison.Ordinal);
}
