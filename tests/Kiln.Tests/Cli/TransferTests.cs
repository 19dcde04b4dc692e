using System.Globalization;
using System.Security.Cryptography;
using Kiln.Cli;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Kiln.Cli.Snapshots;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

/// <summary>Raw disk images in and out. KILN_TEST_DISK_MIB sets the large one's size; 256 MiB unless set.</summary>
public sealed class TransferTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private const int MiB = 1 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-transfer-").FullName;
    private readonly StringWriter _messages = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_comes_back_byte_for_byte_and_stays_sparse()
    {
        var megabytes = int.Parse(
            Environment.GetEnvironmentVariable("KILN_TEST_DISK_MIB") ?? "256", CultureInfo.InvariantCulture);
        var disk = Disk(megabytes, dataEvery: 8);
        using var client = Client();

        var id = await Upload(client, disk);
        var back = Path.Combine(_folder, "back.raw");
        await new Downloader(client, Screen()).Download(id, back, Cancel);

        Assert.Equal(Digest(disk, new FileInfo(disk).Length), Digest(back, new FileInfo(disk).Length));
        Assert.Equal(0, new FileInfo(back).Length % RawImage.GiB);
        Assert.Empty(Directory.GetFiles(_folder, "*.part*"));
        Assert.Contains("Uploading: done", _messages.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_goes_on_and_believes_nothing_that_is_there()
    {
        var disk = Disk(16, dataEvery: 1);
        using var client = Client();
        var id = await Upload(client, disk);
        var target = Path.Combine(_folder, "target.raw");
        File.WriteAllText(target, "what was there before");
        // What an interrupted run leaves: a block that is right, one that is damaged, half a journal entry.
        var part = $"{target}.{id}.part";
        var blocks = File.ReadAllBytes(disk).Chunk(RawImage.BlockSize).ToArray();
        using (var file = File.Create(part))
        {
            file.Write(blocks[0]);
            file.Write(new byte[RawImage.BlockSize]);
        }
        using (var journal = File.Create(part + ".blocks"))
        {
            foreach (var index in (int[])[0, 1])
            {
                journal.Write(BitConverter.GetBytes(index));
                journal.Write(SHA256.HashData(blocks[index]));
            }
            journal.Write(new byte[10]);
        }

        await new Downloader(client, Screen()).Download(id, target, Cancel);

        Assert.Equal(Digest(disk, 16 * MiB), Digest(target, 16 * MiB));
        Assert.Contains("15.5 MiB moved", _messages.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_say_what_is_wrong()
    {
        using var client = Client();
        var missing = Assert.Throws<CliException>(() => new RawImage(Path.Combine(_folder, "none")));
        var folder = Assert.Throws<CliException>(() => new RawImage(_folder));
        using var image = new RawImage(Disk(2, dataEvery: 1));

        var unknown = await Assert.ThrowsAsync<CallException>(() => new Downloader(client, Screen())
            .Download("snap-00000000000000000", Path.Combine(_folder, "x"), Cancel));
        await Assert.ThrowsAsync<CallException>(() => new Uploader(client, Screen())
            .Upload(image, new UploadRequest { KmsKeyId = "arn:aws:kms:us-east-1:111111111111:key/x" }, Cancel));

        Assert.Equal(ExitCodes.Usage, missing.ExitCode);
        Assert.StartsWith("There is no file", missing.Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", folder.Message, StringComparison.Ordinal);
        Assert.Equal("ResourceNotFoundException", unknown.Code);
        Assert.False(File.Exists(Path.Combine(_folder, "x")));
    }

    [Fact]
    public async Task An_encrypted_upload_is_encrypted()
    {
        using var client = Client();
        using var image = new RawImage(Disk(2, dataEvery: 1));

        var id = await new Uploader(client, Screen()).Upload(image, new UploadRequest { Encrypted = true }, Cancel);

        var snapshot = await server.Ec2().DescribeSnapshotsAsync(
            new Amazon.EC2.Model.DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel);
        Assert.True(snapshot.Snapshots.Single().Encrypted);
        var back = Path.Combine(_folder, "back.raw");
        await new Downloader(client, Screen()).Download(id, back, Cancel);
        Assert.Equal(Digest(Path.Combine(_folder, "disk.raw"), 2 * MiB), Digest(back, 2 * MiB));
    }

    private async Task<string> Upload(AwsClient client, string disk)
    {
        using var image = new RawImage(disk);
        return await new Uploader(client, Screen()).Upload(image, new UploadRequest { Description = "test" }, Cancel);
    }

    /// <summary>A sparse file of which every n-th MiB holds data.</summary>
    private string Disk(int megabytes, int dataEvery)
    {
        var path = Path.Combine(_folder, "disk.raw");
        var random = new Random(7);
        var data = new byte[MiB];
        using var file = File.Create(path);
        file.SetLength((long)megabytes * MiB);
        for (var at = 0; at < megabytes; at += dataEvery)
        {
            random.NextBytes(data);
            file.Position = (long)at * MiB;
            file.Write(data);
        }
        return path;
    }

    private static string Digest(string path, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.OpenRead(path);
        var buffer = new byte[MiB];
        while (length > 0)
        {
            var read = file.Read(buffer, 0, (int)Math.Min(buffer.Length, length));
            hash.AppendData(buffer, 0, read);
            length -= read;
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private AwsClient Client() =>
        new(new Connection(new Uri(server.Server.Url), "us-east-1", TestServer.A, "test"));

    private Screen Screen() => new(TextWriter.Null, _messages, terminal: false, color: false);

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _messages.Dispose();
    }
}
