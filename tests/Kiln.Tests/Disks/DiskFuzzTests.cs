using System.Buffers.Binary;
using System.Globalization;
using Kiln.Disks;

namespace Kiln.Tests.Disks;

/// <summary>
/// Images of qemu-img with something turned in them, mostly where their tables are: read or refused, never anything
/// else, and what is read is what qemu-img reads. KILN_TEST_DISK_ROUNDS sets the rounds for each format; 30 unless set.
/// </summary>
public sealed class DiskFuzzTests : IDisposable
{
    /// <summary>Of so many images that are read, one is read by qemu-img too: it takes a process.</summary>
    private const int ComparedOf = 6;

    private static readonly int Rounds = int.Parse(
        Environment.GetEnvironmentVariable("KILN_TEST_DISK_ROUNDS") ?? "30", CultureInfo.InvariantCulture);

    private static readonly ulong[] Words =
    [
        0, 1, 2, 511, 512, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1UL << 55, 1UL << 62, 1UL << 63,
        3UL << 62, (1UL << 62) | 0x8005_0000, long.MaxValue, ulong.MaxValue,
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-disks-").FullName;

    [Fact]
    public void Changed_images_are_read_as_qemu_reads_them_or_refused()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");
        var raw = Path.Combine(_folder, "raw");
        File.WriteAllBytes(raw, DiskImages.Content());
        var random = new Random(20_261_125);
        var (path, back) = (Path.Combine(_folder, "changed"), Path.Combine(_folder, "back"));
        var (read, refused, compared) = (0, 0, 0);
        foreach (var (format, options, reader) in DiskImages.All)
        {
            var whole = File.ReadAllBytes(DiskImages.Make(raw, _folder, format, options));
            var tables = Tables(whole, reader);
            for (var round = 0; round < Rounds; round++)
            {
                var bytes = (byte[])whole.Clone();
                for (var changes = random.Next(1, 4); changes > 0; changes--)
                    Change(bytes, tables[random.Next(tables.Count)], random);
                if (random.Next(20) == 0)
                    bytes = bytes[..random.Next(bytes.Length)];
                File.WriteAllBytes(path, bytes);
                if (Read(path) is not { } ours)
                {
                    refused++;
                    continue;
                }
                // A disk of another size is read for its tables' sake only.
                if (++read % ComparedOf != 0 || ours.Length > 16 << 20)
                    continue;
                var name = format.Split(' ')[^1];
                if (!DiskImages.TryRun($"convert -f {name} -O raw {path} {back}"))
                    continue;
                compared++;
                var theirs = File.ReadAllBytes(back);
                Assert.True(ours.AsSpan().SequenceEqual(theirs), $"{format} {options}, round {round}: byte "
                    + $"{ours.AsSpan().CommonPrefixLength(theirs)} of {ours.Length}");
            }
        }
        Assert.True(read > Rounds && refused > Rounds && compared > Rounds / 4, $"{read}, {refused}, {compared}");
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[]? Read(string path)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            return DiskImages.Read(path);
        }
        catch (DiskFormatException refused)
        {
            Assert.NotEmpty(refused.Message);
            return null;
        }
        finally
        {
            // The test's own buffer has 64 MiB, tables 32 MiB as bytes and twice that as numbers.
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1L << 30, "It took memory for nothing.");
        }
    }

    /// <summary>Where a format has its header and tables, and the whole file.</summary>
    private static List<(int Start, int Length)> Tables(byte[] image, string format)
    {
        var tables = new List<(int, int)> { (0, 112), (0, 512), (image.Length - 512, 512), (0, image.Length) };
        if (format == "qcow2")
        {
            var l1 = (int)BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(40));
            var l2 = (int)(BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(l1)) & 0x00ff_ffff_ffff_fe00);
            tables.AddRange([(l1, 64), (l2, 512), (l2, 512)]);
        }
        else if (format == "vmdk")
        {
            var footer = image.AsSpan(image.Length - 1024);
            var header = footer.StartsWith("KDMV"u8) ? footer : image.AsSpan();
            var directory = (int)BinaryPrimitives.ReadUInt64LittleEndian(header[56..]) * 512;
            var table = (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(directory)) * 512;
            tables.AddRange([(directory, 16), (table, 320), (table, 320), (image.Length - 1024, 512)]);
        }
        else if (image.AsSpan().StartsWith("conectix"u8))
        {
            tables.AddRange([(512, 1024), (1536, 16)]);
        }
        return tables;
    }

    private static void Change(byte[] image, (int Start, int Length) table, Random random)
    {
        var at = table.Start + random.Next(table.Length);
        var word = table.Start + (random.Next(table.Length / 8) * 8);
        switch (random.Next(5))
        {
            case 0:
                image[at] = (byte)random.Next(256);
                break;
            case 1:
                image[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(word), Words[random.Next(Words.Length)]);
                break;
            case 3:
                BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(word), Words[random.Next(Words.Length)]);
                break;
            default:
                // What another entry says: two that point at the same place.
                image.AsSpan(table.Start + (random.Next(table.Length / 8) * 8), 8).CopyTo(image.AsSpan(word));
                break;
        }
    }
}
