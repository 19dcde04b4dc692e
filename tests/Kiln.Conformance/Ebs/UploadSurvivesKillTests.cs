using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Ebs;

/// <summary>The service as a process of its own: the aws CLI's EBS verbs, and kill -9 in the middle of an
/// upload.</summary>
public sealed class UploadSurvivesKillTests : IAsyncLifetime
{
    private const string AwsCli = "/usr/bin/aws";
    private const int BlockSize = 524_288;
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-kill-").FullName;
    private readonly int _port = KilnProcess.FreePort();
    private Process? _service;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Kiln => Path.Combine(AppContext.BaseDirectory, "kiln.dll");

    public ValueTask InitializeAsync() => new(Serve());

    [Fact]
    public async Task An_upload_outlives_kill_9_and_nothing_acknowledged_is_lost()
    {
        var disk = Path.Combine(_folder, "disk.raw");
        await using (var file = File.Create(disk))
        {
            var random = new Random(3);
            var block = new byte[BlockSize];
            for (var i = 0; i < 400; i++)
            {
                random.NextBytes(block);
                await file.WriteAsync(block, Cancel);
            }
        }
        using var upload = Start("dotnet", [Kiln, "snapshot", "upload", disk]);
        var journals = () => Directory.GetFiles(_folder, "*.journal", SearchOption.AllDirectories);
        await Until(() => journals().Any(j => new FileInfo(j).Length > 4096 + (40 * 80)) || upload.HasExited);
        Assert.False(upload.HasExited, "the upload was over before the service could be killed");

        _service!.Kill();
        await _service.WaitForExitAsync(Cancel);
        await Serve();

        var id = (await upload.StandardOutput.ReadToEndAsync(Cancel)).Trim().Split('\n')[^1];
        await upload.WaitForExitAsync(Cancel);
        Assert.True(upload.ExitCode == 0, await upload.StandardError.ReadToEndAsync(Cancel));
        var back = Path.Combine(_folder, "back.raw");
        await Run("dotnet", [Kiln, "snapshot", "download", id, back]);
        Assert.Equal(Digest(disk, new FileInfo(disk).Length), Digest(back, new FileInfo(disk).Length));
    }

    [Fact]
    public async Task The_aws_CLI_writes_lists_and_reads_blocks()
    {
        Assert.SkipUnless(File.Exists(AwsCli), "needs Debian's awscli");
        var block = Path.Combine(_folder, "block");
        await File.WriteAllBytesAsync(block, RandomNumberGenerator.GetBytes(BlockSize), Cancel);
        var checksum = Convert.ToBase64String(SHA256.HashData(await File.ReadAllBytesAsync(block, Cancel)));
        var aggregate = Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(checksum)));

        var id = await Aws("start-snapshot", "--volume-size", "1", "--query", "SnapshotId", "--output", "text");
        var put = await Aws("put-snapshot-block", "--snapshot-id", id, "--block-index", "5", "--block-data", block,
            "--data-length", "524288", "--checksum", checksum, "--checksum-algorithm", "SHA256",
            "--query", "Checksum", "--output", "text");
        await Aws("complete-snapshot", "--snapshot-id", id, "--changed-blocks-count", "1", "--checksum", aggregate,
            "--checksum-algorithm", "SHA256", "--checksum-aggregation-method", "LINEAR");
        await Run(AwsCli, ["ec2", "wait", "snapshot-completed", "--snapshot-ids", id]);
        var token = await Aws("list-snapshot-blocks", "--snapshot-id", id,
            "--query", "Blocks[0].BlockToken", "--output", "text");
        var back = Path.Combine(_folder, "back");
        await Aws("get-snapshot-block", "--snapshot-id", id, "--block-index", "5", "--block-token", token, back);

        Assert.Equal(checksum, put);
        Assert.Equal(await File.ReadAllBytesAsync(block, Cancel), await File.ReadAllBytesAsync(back, Cancel));
    }

    private async Task<string> Aws(params string[] arguments) =>
        (await Run(AwsCli, ["ebs", .. arguments])).Trim();

    private async Task<string> Run(string program, IEnumerable<string> arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await errors}");
        return await output;
    }

    private Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["AWS_ENDPOINT_URL"] = $"http://127.0.0.1:{_port}";
        start.Environment["AWS_ACCESS_KEY_ID"] = "111111111111";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "test";
        start.Environment["AWS_DEFAULT_REGION"] = start.Environment["AWS_REGION"] = "us-east-1";
        start.Environment["AWS_CONFIG_FILE"] = "/dev/null";
        if (program == AwsCli)
        {
            // Older versions of the CLI know no variable for the address.
            start.ArgumentList.Insert(0, "--endpoint-url");
            start.ArgumentList.Insert(1, $"http://127.0.0.1:{_port}");
        }
        return Process.Start(start)!;
    }

    private async Task Serve()
    {
        _service?.Dispose();
        _service = Start("dotnet", [Kiln, "serve", "--data", Path.Combine(_folder, "data"),
            "--listen", $"127.0.0.1:{_port}", "--dev", "--guests", "simulated"]);
        await Until(() =>
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, _port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    private static async Task Until(Func<bool> holds)
    {
        var deadline = TimeProvider.System.GetTimestamp() + (60 * TimeProvider.System.TimestampFrequency);
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetTimestamp() < deadline, "still not as wanted after a minute");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
        }
    }

    private static string Digest(string path, long length)
    {
        using var file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BlockSize];
        for (var left = length; left > 0; left -= buffer.Length)
        {
            file.ReadExactly(buffer);
            hash.AppendData(buffer);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is { HasExited: false })
        {
            _service.Kill();
            await _service.WaitForExitAsync(CancellationToken.None);
        }
        _service?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
