using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Finds out whether KVM works here, which a <c>/dev/kvm</c> alone does not show.</summary>
/// <remarks>
/// Nested and paravirtual hosts have a KVM that opens, makes machines, and then hangs in long mode. So a ROM in the
/// BIOS's place goes to 64 bits and ring 3, takes interrupts and reloads its page tables, and ends QEMU with a status
/// that nothing else gives. The outcome is kept for the host's uptime.
/// </remarks>
internal sealed class KvmProbe(ServiceOptions options, TimeProvider wall)
{
    // Works in 0.1 s or not at all; a KVM that needs longer is emulated somewhere and slower than TCG.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    // The ROM writes 42 to the exit port, of which isa-debug-exit makes (42 << 1) | 1.
    private const int Passed = 85;

    // 64 KiB, gzip: reset vector → long mode → ud2 through the IDT → ring 3 → 100,000 rounds → int 0x80 → 20,000
    // reloads of CR3 → out 0xf4.
    private const string Rom =
        "H4sIAAAAAAACA+3QMWgTURgA4D8ltAEtl8lFh6NaEKfGxc21maS7S6czdNKh4OAQKSgFOYqjk4ObS8cExBw4JA5ix4hLpw4tiNjS"
        + "odbWF1qw4u70fXD3/v9//3v37h0dt6qyKrfexZMXo3LcOhxEtx+N/Tfll0E0+3G5aFX7xdtiOB3NmTxiEuQzC2fBwvOIyPLtYm2U"
        + "Z3PbRS+aKZ8bF/1uRJXdLmajlgoLWV4VsynqZnNVVrvS6xa7o9TRiI2NuOhVfja+PM9/nI9HeTyIWIr1P613opt2yBqxfJYXvWaU"
        + "43KrrNKfRAyWU73XeZom1meK4eJUIx14sR5lek9HtIeLjcmqQXRS26N/2r793dYe1ufrSyl4PPnQzchinNWuzb9PJ2h9zS6t/ayt"
        + "3l252omHEStTK9c799OG7c/9189qcfpx9fhTd+/k9EN7rX5jKlXze5M7G6drSnOHm7d2Dg72fm3Wdg72TgIAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOD/2U3P9wv5b+G2xFIAAAEA";

    private string KeptIn => Path.Combine(options.Data, "guest-accelerator.json");

    /// <summary><c>kvm</c> where it works, else <c>tcg</c>.</summary>
    public string Choose()
    {
        var boot = BootId();
        if (Kept(boot) is { } kept)
            return kept;
        var chosen = MayWork() && Run() ? "kvm" : "tcg";
        try
        {
            File.WriteAllText(KeptIn, new JsonObject { ["bootId"] = boot, ["accelerator"] = chosen }.ToJsonString());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Asked again by the next start.
        }
        return chosen;
    }

    private string? Kept(string boot)
    {
        try
        {
            var kept = JsonNode.Parse(File.ReadAllText(KeptIn));
            return (string?)kept?["bootId"] == boot && (string?)kept["accelerator"] is "kvm" or "tcg"
                ? (string?)kept["accelerator"] : null;
        }
        catch (Exception failure) when (failure is IOException or JsonException or InvalidOperationException
            or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string BootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    // Cheap, and right where the hardware has nothing to offer.
    private static bool MayWork()
    {
        try
        {
            using var device = new FileStream("/dev/kvm", FileMode.Open, FileAccess.ReadWrite);
            return QemuHost.Native == "arm64" || File.ReadLines("/proc/cpuinfo").Any(line =>
                line.StartsWith("flags", StringComparison.Ordinal)
                && line.Split(' ').Any(flag => flag is "vmx" or "svm"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // The ROM is for x86; on arm64 a KVM that opens has not been seen to fail.
    private bool Run()
    {
        if (QemuHost.Native == "arm64")
            return true;
        var rom = Path.Combine(options.Data, "kvm-probe.rom");
        using (var packed = new GZipStream(
            new MemoryStream(Convert.FromBase64String(Rom)), CompressionMode.Decompress))
        using (var file = File.Create(rom))
            packed.CopyTo(file);
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList =
            {
                "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", QemuHost.Binary("x86_64")!, "-M", "q35", "-accel",
                "kvm", "-cpu", QemuHost.ProcessorOf("x86_64", "kvm"), "-m", "16", "-display", "none", "-nodefaults",
                "-no-user-config", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-bios", rom,
            },
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit, wall);
        try
        {
            process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            process.WaitForExit();
        }
        File.Delete(rom);
        return process.ExitCode == Passed;
    }
}
