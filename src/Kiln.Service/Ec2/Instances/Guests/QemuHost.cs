using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>What this host has to run machines with: QEMU, firmware, a user for each machine, an accelerator.</summary>
public sealed class QemuHost(
    ServiceOptions options, GuestFolders folders, [FromKeyedServices("wall")] TimeProvider wall)
{
    // A user for each machine, so that what breaks out of one cannot touch another: from the numbers that systemd's
    // "Users, Groups, UIDs and GIDs" leaves to nobody. Two machines of a host share one by chance of one in 10^8.
    private const uint FirstUser = 1_900_000_000;
    private const uint Users = 100_000_000;
    private const uint Nobody = 65_534;

    // QEMU's own 100 MiB and what TCG translates into.
    private const long OwnMiB = 356;
    private const int UsualMax = 32;

    private readonly Lock _gate = new();
    private string? _accelerator;

    /// <summary>The programs that start QEMU apart from Kiln; util-linux, which Debian always has.</summary>
    public static readonly IReadOnlyList<string> Launchers = ["setsid", "setpriv"];

    /// <summary>Whether instances run in QEMU here; decided once, when the service starts.</summary>
    public bool IsUsed => options.Guests == "qemu" || (options.Guests == "auto" && MissingFor(options) is null);

    /// <summary>Most machines on at a time: as asked for, or as many of the largest as the host has memory for.
    /// </summary>
    public int MachinesMax => options.GuestsMax > 0 ? options.GuestsMax : (int)Math.Clamp(
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / ((options.GuestMemoryMiB + OwnMiB) << 20), 1, UsualMax);

    /// <summary>How instances run here, in one line.</summary>
    public string Greeting => IsUsed
        ? $"Instances run in QEMU, {AcceleratorOf(Native)}; their sockets and consoles are in {folders.Root}."
        : options.Guests == "simulated"
            ? "Instances are simulated: a machine's states and timings, over real volumes."
            : $"Instances are simulated, for {MissingFor(options)} is missing: a machine's states and timings, over "
                + "real volumes.";

    /// <summary>What is missing to run machines of this host's own architecture on the network that is wanted; null
    /// for nothing.</summary>
    public static string? MissingFor(ServiceOptions options) =>
        !OperatingSystem.IsLinux() ? "Linux" : Binary(Native) is null ? ProgramOf(Native)
        : Launchers.FirstOrDefault(l => Find(l) is null)
        ?? (options.GuestNetwork != "bridge" && UserNetwork.Relay is null ? "netcat-openbsd" : null);

    /// <summary>The architecture of this host's processor, in EC2's words.</summary>
    public static string Native =>
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture
            == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x86_64";

    /// <summary>QEMU for an architecture; null where it is not installed.</summary>
    public static string? Binary(string architecture) => Find(ProgramOf(architecture));

    /// <summary>UEFI firmware for an architecture; null where it is not installed.</summary>
    public static string? Firmware(string architecture) => (architecture == "arm64"
        ? (string[])["/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "/usr/share/AAVMF/AAVMF_CODE.fd"]
        : ["/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd"]).FirstOrDefault(File.Exists);

    /// <summary>The user that an instance's machine runs as; null for Kiln's own, which may not choose.</summary>
    public static uint? UserOf(string instanceId)
    {
        if (Posix.UserId != 0)
            return null;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(instanceId));
        var user = FirstUser + BitConverter.ToUInt32(hash) % Users;
        return IsMapped(user) ? user : Nobody;
    }

    /// <summary>Whether a user is one machine's alone.</summary>
    internal static bool IsOwnUser(uint? user) => user >= FirstUser;

    /// <summary>What runs the processors of an architecture: <c>kvm</c> or <c>tcg</c>.</summary>
    public string AcceleratorOf(string architecture)
    {
        // KVM runs the host's own architecture and no other, whatever is asked for.
        if (architecture != Native)
            return "tcg";
        if (options.GuestAccelerator != "auto")
            return options.GuestAccelerator;
        lock (_gate)
            return _accelerator ??= new KvmProbe(options, wall).Choose();
    }

    /// <summary>The model of processor that goes with an accelerator.</summary>
    public static string ProcessorOf(string architecture, string accelerator) =>
        accelerator == "kvm" ? "host" : architecture == "arm64" ? "max,pauth-impdef=on" : "max";

    private static string ProgramOf(string architecture) =>
        architecture == "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Append("/usr/local/bin")
            .Where(f => f.StartsWith('/')).Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);

    // In a user namespace only some numbers exist.
    private static bool IsMapped(uint user)
    {
        try
        {
            return File.ReadLines("/proc/self/uid_map")
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Any(p => p.Length == 3 && uint.TryParse(p[0], out var first) && uint.TryParse(p[2], out var count)
                    && user >= first && user - first < count);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
