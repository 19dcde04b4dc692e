using Amazon.EC2.Model;
using Kiln.Cli;
using Kiln.Cli.Connections;
using Kiln.Cli.Import;
using Kiln.Cli.Output;
using Kiln.Cli.Snapshots;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

/// <summary><c>kiln import</c> of addresses and files: what breaks off goes on, and nothing half is taken for
/// whole.</summary>
public sealed class ImportTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private const int Length = 1_500_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-import-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Screen Silent => new(TextWriter.Null, TextWriter.Null, terminal: false, color: false);

    private string Downloads => Path.Combine(_folder, "kiln", "downloads");

    [Fact]
    public async Task A_download_that_breaks_off_goes_on_to_an_image()
    {
        var disk = Disk();
        using var host = new ImageHost(disk) { Breaks = 600_000 };
        var cut = await Import(host.Url, "--name", "goes-on");
        Assert.Equal(ExitCodes.Failed, cut.Code);
        Assert.Contains("The connection broke off. The same command goes on from there.", cut.Errors,
            StringComparison.Ordinal);

        host.Breaks = int.MaxValue;
        var done = await Import(host.Url, "--name", "goes-on");
        Assert.Equal(["", "bytes=600000-"], host.Asked);
        await Holds(done, disk);
        Assert.Empty(Directory.GetFiles(Downloads));
    }

    [Fact]
    public async Task A_download_goes_on_only_if_the_server_says_that_the_file_is_the_same()
    {
        var disk = Disk();
        using var timed = new ImageHost(disk)
        {
            Breaks = 600_000, State = "Last-Modified: Tue, 24 Nov 2026 12:00:00 GMT",
        };
        Assert.Contains("goes on from there", await Broken(timed), StringComparison.Ordinal);
        timed.Breaks = int.MaxValue;
        Assert.Equal(disk, await Fetch(timed));
        Assert.Equal(["", "bytes=600000-"], timed.Asked);

        using var host = new ImageHost(disk) { Breaks = 600_000, KnowsRanges = false };
        await Broken(host);
        host.Breaks = int.MaxValue;
        Assert.Equal(disk, await Fetch(host));

        using var changing = new ImageHost(disk) { Breaks = 600_000 };
        await Broken(changing);
        (changing.Breaks, changing.State) = (int.MaxValue, "ETag: \"two\"");
        Assert.Equal(disk, await Fetch(changing));

        // A weak tag, and a time within the second, are no proof that the file is the same.
        foreach (var state in (string[])["ETag: W/\"one\"", "Last-Modified: Wed, 25 Nov 2026 12:00:00 GMT"])
        {
            using var unsure = new ImageHost(disk) { Breaks = 600_000, State = state };
            Assert.Contains("begins anew", await Broken(unsure), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_is_there_as_a_whole_does_not_travel_again_and_a_lie_is_seen()
    {
        var disk = Disk();
        disk[510] = 0;
        using var host = new ImageHost(disk);
        // What is downloaded and then refused is kept: another option may be all that is missing.
        Assert.Contains("no partition table", (await Import(host.Url)).Errors, StringComparison.Ordinal);
        Assert.Equal(disk, await Fetch(host));
        Assert.Equal(["", $"bytes={Length}-"], host.Asked);

        using var liar = new ImageHost(Disk()) { Breaks = 600_000, Lies = 7 };
        await Broken(liar);
        liar.Breaks = int.MaxValue;
        Assert.Contains("another part of the file", await Broken(liar), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/disk")]
    public async Task A_server_that_leads_to_no_web_server_is_refused(string elsewhere)
    {
        using var host = new ImageHost([]) { State = "Location: " + elsewhere, Status = "302 Found" };
        Assert.Contains(host.Url, await Broken(host), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(Downloads), f => new FileInfo(f).Length > 0);
    }

    [Fact]
    public async Task What_cannot_become_an_image_is_refused_before_it_is_uploaded()
    {
        var disk = Disk();
        var packed = await Packed(disk);
        var done = await Import(packed, "--name", "packed", "--format", "raw");
        Assert.Contains("no partition table", done.Errors, StringComparison.Ordinal);
        await Holds(await Import(packed, "--name", "packed"), disk);
        var twice = await Import(packed, "--name", "packed");
        Assert.Equal(ExitCodes.Usage, twice.Code);
        Assert.Contains("has the name packed already", twice.Errors, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(packed, (await File.ReadAllBytesAsync(packed, Cancel))[..700_000], Cancel);
        var cut = await Import(packed, "--name", "cut");
        Assert.Contains("The compressed file is damaged", cut.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Import(Path.Combine(_folder, "none"))).Code);
        using var host = new ImageHost(disk);
        host.Dispose();
        Assert.Contains("cannot be downloaded", await Broken(host), StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A disk that a PC would boot from, and that does not compress.</summary>
    private static byte[] Disk()
    {
        var disk = new byte[Length];
        new Random(5).NextBytes(disk);
        disk.AsSpan(446, 64).Clear();
        (disk[0], disk[510], disk[511]) = (0xeb, 0x55, 0xaa);
        return disk;
    }

    private async Task<string> Packed(byte[] disk)
    {
        var path = Path.Combine(_folder, "disk-amd64.raw.gz");
        await using var file = File.Create(path);
        await using var gzip = new System.IO.Compression.GZipStream(
            file, System.IO.Compression.CompressionLevel.Fastest);
        await gzip.WriteAsync(disk, Cancel);
        return path;
    }

    private async Task<byte[]> Fetch(ImageHost host) => await File.ReadAllBytesAsync(
        await new Fetched(Silent, TimeProvider.System).Download(new Uri(host.Url), Downloads, Cancel), Cancel);

    private async Task<string> Broken(ImageHost host) =>
        (await Assert.ThrowsAsync<CliException>(() => Fetch(host))).Message;

    private Task<(int Code, string Output, string Errors)> Import(params string[] arguments) =>
        CliRun.In(_folder, server, ["import", .. arguments]);

    private async Task Holds((int Code, string Output, string Errors) done, byte[] disk)
    {
        Assert.True(done.Code == ExitCodes.Done, done.Errors);
        var image = (await server.Ec2().DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = [done.Output.Trim()] }, Cancel)).Images.Single();
        Assert.Equal(("x86_64", "legacy-bios"), (image.Architecture.Value, image.BootMode.Value));
        var back = Path.Combine(_folder, "back.raw");
        using var client = new AwsClient(
            new Connection(new Uri(server.Server.Url), "us-east-1", TestServer.A, "test"));
        await new Downloader(client, Silent)
            .Download(image.BlockDeviceMappings.Single().Ebs.SnapshotId, back, Cancel);
        Assert.Equal(disk, File.ReadAllBytes(back).AsSpan(0, disk.Length));
        File.Delete(back);
    }
}
