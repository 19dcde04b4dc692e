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

    [Fact]
    public async Task The_one_for_arm64_is_the_same_each_time_and_boots()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("KILN_TEST_ARM64") is not null,
            "KILN_TEST_ARM64 is not set: it takes packages of its own, and a minute.");
        var disks = new List<string>();
        foreach (var name in (string[])["one.raw", "two.raw"])
        {
            disks.Add(Path.Combine(_folder, name));
            var made = await Command.Run(KilnProcess.Program, ["image", "build", "tiny", "--architecture", "arm64",
                "--output", disks[^1], "--cache", Path.Combine(_folder, "cache")]);
            Assert.True(made.ExitCode == 0, made.Errors);
        }
        Assert.Equal(0, (await Command.Run("cmp", disks)).ExitCode);
        var said = await Boots("qemu-system-aarch64",
        [
            "-M", "virt", "-cpu", "max,pauth-impdef=on", "-bios", "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
            "-drive", $"if=none,id=root,file={disks[0]},format=raw,snapshot=on",
            "-device", "virtio-blk-pci,drive=root,serial=vol0",
        ]);
        Assert.Contains("-----BEGIN SSH HOST KEY KEYS-----", said, StringComparison.Ordinal);
    }

    // From a virtio disk all machines of the guests' tests boot, one of them with a larger volume.
    [Fact]
    public async Task It_boots_from_an_nvme_disk_too_and_takes_a_larger_volume_into_use()
    {
        Assert.SkipUnless(Command.Exists("qemu-img"), "qemu-img is not installed (Debian: qemu-utils).");
        var disk = Path.Combine(_folder, "disk.qcow2");
        var copied = await Command.Run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b",
            await TinyImage.Disk(), disk, "2G"]);
        Assert.True(copied.ExitCode == 0, copied.Errors);
        var said = await Boots("qemu-system-x86_64",
        [
            "-M", "q35", "-cpu", "max", "-drive", $"if=none,id=root,file={disk},format=qcow2",
            "-device", "nvme,drive=root,serial=vol0",
        ]);
        Assert.Contains("TINY root file system grown", said, StringComparison.Ordinal);
        Assert.Contains("-----BEGIN SSH HOST KEY KEYS-----", said, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Boots a machine until it is ready; what it said on its console.</summary>
    private async Task<string> Boots(string qemu, string[] arguments)
    {
        Assert.SkipUnless(Command.Exists(qemu), $"{qemu} is not installed.");
        var console = Path.Combine(_folder, "console.log");

        using var machine = Process.Start(new ProcessStartInfo(qemu,
        [
            "-accel", "tcg", "-m", "256", "-display", "none", "-nodefaults",
            "-no-user-config", "-no-reboot", "-serial", $"file:{console}",
            .. arguments,
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
        return Said(console);
    }

    private static string Said(string console) => File.Exists(console) ? File.ReadAllText(console) : "";
}
