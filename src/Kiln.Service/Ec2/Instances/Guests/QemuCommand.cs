using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Ec2.InstanceTypes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>QEMU's arguments for one machine: the board that docs/guests.md draws.</summary>
/// <param name="Host">What there is to run it with.</param>
/// <param name="Options">The caps.</param>
/// <param name="Instance">The instance.</param>
/// <param name="Folder">Its folder.</param>
internal sealed record QemuCommand(QemuHost Host, ServiceOptions Options, Instance Instance, GuestFolder Folder)
{
    // The launcher opens it as this number, so that QEMU need not be able to.
    public const int ConsoleDescriptor = 3;

    // QEMU has some 170 files with KVM, 64 of them the agent's ports; each disk has one and two or three a queue, which
    // there is one of for each processor. What is left are a guest's own connections, to its metadata and to its SSH:
    // each of the former is a process too.
    private const int FilesOfMachine = 192;
    private const int FilesOfConnections = 96;

    private string Architecture => Instance.Platform.Architecture == "arm64" ? "arm64" : "x86_64";

    /// <summary>The whole line, the program first.</summary>
    /// <exception cref="GuestStartException">QEMU or firmware for the architecture is not installed.</exception>
    public IReadOnlyList<string> Build(GuestNetworkPlan network, IReadOnlyList<GuestDevice> devices)
    {
        var program = QemuHost.Binary(Architecture)
            ?? throw new GuestStartException($"QEMU for {Architecture} is not installed on this host.");
        return [program, .. Machine(), .. Sandbox(network), .. Identity(), .. Ports(), .. Disks(devices),
            .. network.Arguments];
    }

    /// <summary>How many files its QEMU may have open.</summary>
    public int FilesMax(int disks) =>
        FilesOfMachine + FilesOfConnections + QemuDisk.PortsFor(disks) * (1 + 3 * Processors);

    private int Processors => Math.Min(Type?.VCpus ?? 1, Options.GuestProcessors);

    private InstanceType? Type => InstanceTypeCatalog.Find(Instance.InstanceType);

    private IEnumerable<string> Machine()
    {
        var accelerator = Host.AcceleratorOf(Architecture);
        yield return "-nodefaults";
        yield return "-no-user-config";
        // A machine that shuts down stays to say so; Kiln may not be there to hear it.
        yield return "-no-shutdown";
        yield return "-name";
        yield return $"guest={Instance.Id},debug-threads=on";
        yield return "-M";
        yield return Architecture == "arm64" ? "virt" : "q35";
        yield return "-accel";
        yield return accelerator == "kvm" ? "kvm" : "tcg,thread=multi,tb-size=256";
        yield return "-cpu";
        yield return QemuHost.ProcessorOf(Architecture, accelerator);
        yield return "-m";
        yield return Text(Math.Min(Type?.MemoryMiB ?? 1024, Options.GuestMemoryMiB));
        yield return "-smp";
        yield return Text(Processors);
        foreach (var argument in Firmware())
            yield return argument;
        yield return "-display";
        yield return "none";
        // Only for its picture: what GetConsoleScreenshot shows.
        foreach (var argument in Architecture == "arm64" ? (string[])["-device", "ramfb"] : ["-vga", "std"])
            yield return argument;
        yield return "-rtc";
        yield return "base=utc";
    }

    private IEnumerable<string> Firmware()
    {
        var wanted = Architecture == "arm64" || Instance.Platform.BootMode == "uefi";
        if (!wanted && Instance.Platform.BootMode != "uefi-preferred")
            return [];
        var firmware = QemuHost.Firmware(Architecture);
        if (firmware is null && wanted)
            throw new GuestStartException($"UEFI firmware for {Architecture} is not installed on this host.");
        return firmware is null ? [] : ["-bios", firmware];
    }

    // Slirp's child begins with setsid, which elevateprivileges=deny answers with SIGSYS. What else that would deny is
    // nothing that a process without capabilities and under no-new-privs (QemuProcess) could do.
    private static IEnumerable<string> Sandbox(GuestNetworkPlan network) =>
    [
        "-sandbox",
        "on,obsolete=deny,resourcecontrol=deny,"
        + (network.Spawns ? "elevateprivileges=allow,spawn=allow" : "elevateprivileges=deny,spawn=deny"),
    ];

    // What ds-identify and cloud-init take an EC2 machine by: uuid and serial are equal and begin with ec2.
    private IEnumerable<string> Identity()
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Instance.Id)));
        var uuid = $"ec2{hash[..5]}-{hash[5..9]}-4{hash[9..12]}-8{hash[12..15]}-{hash[15..27]}";
        return
        [
            "-smbios", "type=0,vendor=Amazon EC2,version=1.0",
            "-smbios", $"type=1,manufacturer=Amazon EC2,product={Instance.InstanceType},uuid={uuid},serial={uuid}",
            "-smbios", $"type=2,manufacturer=Amazon EC2,asset={Instance.Id}",
            "-smbios", "type=3,manufacturer=Amazon EC2,asset=Amazon EC2",
        ];
    }

    private IEnumerable<string> Ports() =>
    [
        "-chardev", $"socket,id=qmp0,path={Folder.QmpSocket},server=on,wait=off",
        "-mon", "chardev=qmp0,mode=control",
        "-add-fd", $"fd={ConsoleDescriptor},set=1",
        "-chardev",
        $"socket,id=serial0,path={Folder.SerialSocket},server=on,wait=off,logfile=/dev/fdset/1,logappend=on",
        "-serial", "chardev:serial0",
        "-device", "virtio-serial-pci",
        "-chardev", $"socket,id=agent0,path={Folder.AgentSocket},server=on,wait=off",
        "-device", "virtserialport,chardev=agent0,name=org.qemu.guest_agent.0",
        "-device", "virtio-rng-pci",
    ];

    private List<string> Disks(IReadOnlyList<GuestDevice> devices)
    {
        var ports = QemuDisk.PortsFor(devices.Count);
        var arguments = new List<string>();
        for (var port = 0; port < ports; port++)
            arguments.AddRange(["-device", QemuDisk.Port(port)]);
        // The root first: it is the first disk to the guest's system too.
        foreach (var (port, device) in devices.OrderByDescending(d => d.IsRoot).ThenBy(d => d.Device).Index())
        {
            var disk = new QemuDisk(device.Volume.Id);
            arguments.AddRange(["-blockdev", disk.Export(Folder, device.Volume.SizeGiB).ToJsonString()]);
            arguments.AddRange(["-blockdev", disk.Node(device.Volume.SizeGiB).ToJsonString()]);
            arguments.AddRange(["-device", disk.Device(port, device.IsRoot).ToJsonString()]);
        }
        return arguments;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
