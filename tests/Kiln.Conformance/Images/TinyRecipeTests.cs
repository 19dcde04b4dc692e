using System.Diagnostics;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Images;

/// <summary>The tiny starter image: made without root, the same each time, and it boots.</summary>
public sealed class TinyRecipeTests : IDisposable
{
    /// <summary>An emulated machine on a busy host: it takes seven seconds on an idle one.</summary>
    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-tiny-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_packages_make_the_same_bytes()
    {
        var first = await TinyImage.Disk();
        Assert.SkipWhen(Environment.GetEnvironmentVariable("KILN_TEST_TINY") is not null, "the disk was given");
        var second = Path.Combine(_folder, "again.raw");
        var outcome = await Command.Run(KilnProcess.Program, ["image", "build", "tiny", "--output", second,
            "--cache", Path.Combine(Path.GetDirectoryName(first)!, "cache")]);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);

        var same = await Command.Run("cmp", [first, second]);
        Assert.True(same.ExitCode == 0, same.Output + same.Errors);
        Assert.Equal(second, outcome.Output.Trim());
        Assert.Contains("tiny: making it bootable", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("virtio-blk-pci")]
    [InlineData("nvme")]
    public async Task It_boots_from_either_disk_and_takes_a_larger_volume_into_use(string device)
    {
        Assert.SkipUnless(Command.Exists("qemu-system-x86_64"), "QEMU is not installed (Debian: qemu-system-x86).");
        Assert.SkipUnless(Command.Exists("qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");
        var disk = Path.Combine(_folder, "disk.qcow2");
        var copied = await Command.Run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b",
            await TinyImage.Disk(), disk, "2G"]);
        Assert.True(copied.ExitCode == 0, copied.Errors);
        var console = Path.Combine(_folder, "console.log");

        using var machine = Process.Start(new ProcessStartInfo("qemu-system-x86_64",
        [
            "-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "256", "-display", "none", "-nodefaults",
            "-no-user-config", "-no-reboot", "-serial", $"file:{console}",
            "-drive", $"if=none,id=root,file={disk},format=qcow2", "-device", $"{device},drive=root,serial=vol0",
        ]) { UseShellExecute = false })!;
        try
        {
            var deadline = TimeProvider.System.GetUtcNow() + BootLimit;
            while (!Said(console).Contains("TINY READY", StringComparison.Ordinal))
            {
                Assert.True(!machine.HasExited && TimeProvider.System.GetUtcNow() < deadline, Said(console));
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
            }
        }
        finally
        {
            machine.Kill();
            await machine.WaitForExitAsync(Cancel);
        }
        var said = Said(console);
        Assert.Contains("TINY root file system grown", said, StringComparison.Ordinal);
        Assert.Contains("-----BEGIN SSH HOST KEY KEYS-----", said, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Said(string console) => File.Exists(console) ? File.ReadAllText(console) : "";
}
