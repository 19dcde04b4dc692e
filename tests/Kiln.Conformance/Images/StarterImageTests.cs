using System.Text.Json;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Images;

/// <summary>The tiny image as everybody finds it: public, of the account kiln, named by a parameter.</summary>
public sealed class StarterImageTests : IAsyncLifetime
{
    private const string Parameter = "/kiln/images/tiny/x86_64";
    private readonly KilnProcess _kiln = new();

    public ValueTask InitializeAsync() => _kiln.InitializeAsync();

    public ValueTask DisposeAsync() => _kiln.DisposeAsync();

    [Fact]
    public async Task Every_account_finds_it_by_owner_by_name_and_by_parameter()
    {
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        var cache = Path.Combine(Path.GetDirectoryName(await TinyImage.Disk())!, "cache");
        var build = (string[])["image", "build", "tiny", "--cache", cache, "--regions", "us-east-1,eu-west-1"];
        var made = await _kiln.Kiln(build);
        Assert.True(made.ExitCode == 0, made.Errors);
        var id = made.Output.Split('\n')[0].Split(' ')[1];

        var aws = _kiln.Aws(KilnProcess.B);
        var image = (await aws.Json("ec2", "describe-images", "--owners", "kiln", "--filters",
            "Name=name,Values=kiln-tiny-amd64-*", "Name=state,Values=available")).GetProperty("Images")[0];
        Assert.Equal(id, image.GetProperty("ImageId").GetString());
        Assert.Equal("000000005456", image.GetProperty("OwnerId").GetString());
        Assert.Equal("kiln", image.GetProperty("ImageOwnerAlias").GetString());
        Assert.True(image.GetProperty("Public").GetBoolean());
        Assert.Equal("v2.0", image.GetProperty("ImdsSupport").GetString());
        Assert.Equal(id, Value(await aws.Json("ssm", "get-parameter", "--name", Parameter)));
        Assert.Equal(JsonValueKind.Array, (await aws.Json("ssm", "get-parameters-by-path", "--path", "/kiln/images",
            "--recursive")).GetProperty("Parameters").ValueKind);
        var elsewhere = Value(await _kiln.Aws(KilnProcess.B, KilnProcess.R3).Json("ssm", "get-parameter", "--name",
            Parameter));
        Assert.NotEqual(id, elsewhere);
        await aws.Json("ec2", "run-instances", "--image-id", $"resolve:ssm:{Parameter}", "--instance-type", "t3.micro");

        // The same bytes are not put there again.
        var again = await _kiln.Kiln(build);
        Assert.True(again.ExitCode == 0, again.Errors);
        Assert.Equal(made.Output, again.Output);
        Assert.Equal(1, (await aws.Json("ssm", "get-parameter", "--name", Parameter)).GetProperty("Parameter")
            .GetProperty("Version").GetInt32());
        Assert.Equal("AccessDeniedException", await aws.Error("ssm", "put-parameter", "--name", Parameter, "--value",
            "ami-0123456789abcdef0", "--type", "String", "--overwrite"));
    }

    [Fact]
    public async Task A_published_cloud_image_is_imported_whatever_its_format()
    {
        Assert.SkipUnless(Command.Exists("qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");
        var tiny = await TinyImage.Disk();
        var images = new List<string>();
        foreach (var (format, option, name) in new[]
        {
            ("qcow2", "compression_type=zstd", "tiny-amd64.qcow2"), ("vmdk", "subformat=streamOptimized", "tiny.vmdk"),
        })
        {
            var file = Path.Combine(_kiln.Folder, name);
            string[] pack = format == "qcow2" ? ["-c"] : [];
            var converted = await Command.Run(
                "qemu-img", ["convert", "-f", "raw", "-O", format, .. pack, "-o", option, tiny, file]);
            Assert.True(converted.ExitCode == 0, converted.Errors);
            var imported = await _kiln.Kiln(["import", file]);
            Assert.True(imported.ExitCode == 0, imported.Errors);
            Assert.Contains("x86_64, legacy-bios", imported.Errors, StringComparison.Ordinal);
            images.Add(imported.Output.Trim());
        }
        foreach (var id in images)
        {
            var image = (await _kiln.Aws().Json("ec2", "describe-images", "--image-ids", id)).GetProperty("Images")[0];
            var snapshot = image.GetProperty("BlockDeviceMappings")[0].GetProperty("Ebs").GetProperty("SnapshotId");
            var back = Path.Combine(_kiln.Folder, "back.raw");
            var downloaded = await _kiln.Kiln(["snapshot", "download", snapshot.GetString()!, back]);
            Assert.True(downloaded.ExitCode == 0, downloaded.Errors);
            var same = await Command.Run("cmp", [tiny, back]);
            Assert.True(same.ExitCode == 0, same.Output);
        }
        var empty = Path.Combine(_kiln.Folder, "empty.raw");
        await File.WriteAllBytesAsync(empty, new byte[1 << 20], TestContext.Current.CancellationToken);
        Assert.Contains("no partition table", (await _kiln.Kiln(["import", empty])).Errors, StringComparison.Ordinal);
    }

    private static string? Value(JsonElement answer) =>
        answer.GetProperty("Parameter").GetProperty("Value").GetString();
}
