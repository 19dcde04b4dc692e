using System.Text.Json;

namespace Kiln.Conformance.Fixtures;

/// <summary>
/// The tiny starter image, for tests that boot one: made once by <c>kiln image build tiny</c> and kept beside the tests
/// until the program changes. KILN_TEST_TINY names a raw disk to take instead.
/// </summary>
public static class TinyImage
{
    /// <summary>The device name of its root.</summary>
    public const string RootDevice = "/dev/xvda";

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "tiny-image");
    private static readonly Lazy<Task<string>> Made = new(Make);

    /// <summary>The raw disk, to be read only. Skips the calling test where it cannot be made, with the
    /// reason.</summary>
    public static async Task<string> Disk()
    {
        try
        {
            return await Made.Value;
        }
        catch (InvalidOperationException cannot)
        {
            Assert.Skip(cannot.Message);
            throw;
        }
    }

    /// <summary>Uploads it and registers it as an account's image.</summary>
    public static async Task<string> Register(
        KilnProcess kiln, string name, string account = KilnProcess.A, string region = KilnProcess.R1)
    {
        var uploaded = await kiln.Kiln(["snapshot", "upload", await Disk()], account, region);
        Assert.True(uploaded.ExitCode == 0, uploaded.Errors);
        var mapping = JsonSerializer.Serialize(new[]
        {
            new { DeviceName = RootDevice, Ebs = new { SnapshotId = uploaded.Output.Trim().Split('\n')[^1] } },
        });
        var image = await kiln.Aws(account, region).Json("ec2", "register-image", "--name", name,
            "--architecture", "x86_64", "--virtualization-type", "hvm", "--ena-support",
            "--root-device-name", RootDevice, "--block-device-mappings", mapping);
        return image.GetProperty("ImageId").GetString()!;
    }

    private static async Task<string> Make()
    {
        if (Environment.GetEnvironmentVariable("KILN_TEST_TINY") is { Length: > 0 } given)
            return given;
        Directory.CreateDirectory(Folder);
        var disk = Path.Combine(Folder, "tiny.raw");
        // The recipe is inside the program: a disk that is newer was made by it.
        var recipe = File.GetLastWriteTimeUtc(Path.Combine(AppContext.BaseDirectory, "Kiln.Cli.dll"));
        if (File.Exists(disk) && File.GetLastWriteTimeUtc(disk) > recipe)
            return disk;
        var outcome = await Command.Run(KilnProcess.Program,
            ["image", "build", "tiny", "--output", disk, "--cache", Path.Combine(Folder, "cache")]);
        return outcome.ExitCode == 0 ? disk
            : throw new InvalidOperationException($"The tiny image cannot be made here: {outcome.Errors}");
    }
}
