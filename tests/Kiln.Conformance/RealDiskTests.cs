using System.Globalization;
using System.Security.Cryptography;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance;

/// <summary>
/// A disk of real files goes in, is registered, copied to a second Region under another key, and comes out there.
/// KILN_TEST_DISK names a raw disk to take (a 4 GiB one, say); a small ext4 of these tests' own files unless set.
/// </summary>
public sealed class RealDiskTests(World world)
{
    private const int SmallDiskMiB = 256;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_comes_out_of_the_second_Region_byte_for_byte_as_it_went_in()
    {
        Assert.SkipUnless(Command.Exists("mke2fs"), "mke2fs is not installed (Debian: e2fsprogs).");
        var disk = Environment.GetEnvironmentVariable("KILN_TEST_DISK") ?? await SmallDisk();

        var uploaded = await world.Kiln.Kiln(["snapshot", "upload", disk, "--description", "real files"]);
        Assert.True(uploaded.ExitCode == 0, uploaded.Errors);
        var snapshot = uploaded.Output.TrimEnd().Split('\n')[^1].Trim();
        Assert.Matches("^snap-[0-9a-f]{17}$", snapshot);
        var image = await world.Register(snapshot);
        var copy = await world.Copy(image, KilnProcess.R1, KilnProcess.R2, more: r => r.Encrypted = true);
        var there = Assert.Single(await world.SnapshotsOf(copy, region: KilnProcess.R2));
        Assert.True((await world.Completed(there, region: KilnProcess.R2)).Encrypted);

        var back = Path.Combine(world.Kiln.Folder, "back.raw");
        var downloaded = await world.Kiln.Kiln(["snapshot", "download", there, back], region: KilnProcess.R2);
        Assert.True(downloaded.ExitCode == 0, downloaded.Errors);

        var (wanted, length) = await Digest(disk, long.MaxValue);
        // A volume is whole GiB: what follows the disk's end is zeros.
        Assert.Equal(wanted, (await Digest(back, length)).Digest);
        Assert.Equal((length + (1L << 30) - 1) >> 30 << 30, new FileInfo(back).Length);
        File.Delete(back);
    }

    private async Task<string> SmallDisk()
    {
        var path = Path.Combine(world.Kiln.Folder, "disk.raw");
        await using (var file = File.Create(path))
            file.SetLength(SmallDiskMiB * 1024L * 1024);
        var made = await Command.Run("mke2fs", ["-q", "-F", "-t", "ext4", "-d", AppContext.BaseDirectory, path]);
        Assert.True(made.ExitCode == 0, made.Errors);
        return path;
    }

    private static async Task<(string Digest, long Length)> Digest(string path, long length)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        var read = 0L;
        while (read < length)
        {
            var some = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - read)), Cancel);
            if (some == 0)
                break;
            digest.AppendData(buffer, 0, some);
            read += some;
        }
        return (Convert.ToHexStringLower(digest.GetHashAndReset()) + read.ToString(CultureInfo.InvariantCulture), read);
    }
}
