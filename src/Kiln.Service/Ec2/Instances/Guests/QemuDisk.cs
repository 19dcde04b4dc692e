using System.Globalization;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A volume in QEMU: a virtio disk over a <c>raw</c> node over an NBD node.</summary>
/// <remarks>
/// The node in between lets the disk move to a larger export while it is used, which QEMU refuses to NBD nodes
/// themselves. The names hold all there is to know (<c>port3-vol-…</c>, <c>vol-…</c>, <c>vol-….8</c>), so that QEMU's
/// own lists are the only account of a machine's disks.
/// </remarks>
/// <param name="VolumeId">The volume.</param>
internal sealed record QemuDisk(string VolumeId)
{
    // Ports beyond those in use at the start: eight functions of a PCI slot, less the first disk. Each costs a machine
    // without KVM about 50 ms of its boot, so there are not 40 for everyone.
    private const int PortsPerSlot = 8;
    private const int SlotsMax = 5;
    private const int FirstSlot = 0x10;

    // A year: a guest waits for its disk as long as Kiln is away, and goes on. The kernel's virtio disks have no limit.
    private const int ReconnectSeconds = 31_536_000;

    // Once, when the node is made; Kiln serves before it starts a machine.
    private const int OpenSeconds = 10;

    private static readonly string[] Kinds = ["read", "write", "write-zeroes", "discard", "flush"];

    /// <summary>How many ports a machine gets that starts with so many disks.</summary>
    public static int PortsFor(int disks) =>
        Math.Min((disks + PortsPerSlot) / PortsPerSlot, SlotsMax) * PortsPerSlot;

    /// <summary>A port's <c>-device</c>.</summary>
    public static string Port(int port) => string.Create(CultureInfo.InvariantCulture,
        $"pcie-root-port,id=port{port},chassis={port + 1},slot={port + 1},"
        + $"addr={FirstSlot + port / PortsPerSlot:x}.{port % PortsPerSlot:x},multifunction=on");

    /// <summary>The name of the disk's <c>raw</c> node.</summary>
    public string NodeName => VolumeId;

    /// <summary>The name of the NBD node of a size.</summary>
    public string ExportName(int sizeGiB) => string.Create(CultureInfo.InvariantCulture, $"{VolumeId}.{sizeGiB}");

    /// <summary>The NBD node.</summary>
    public JsonObject Export(GuestFolder folder, int sizeGiB) => new()
    {
        ["driver"] = "nbd",
        ["node-name"] = ExportName(sizeGiB),
        ["server"] = new JsonObject { ["type"] = "unix", ["path"] = folder.NbdSocket },
        // The size too: when Kiln comes back, the volume may have grown, and this node has not.
        ["export"] = ExportName(sizeGiB),
        ["reconnect-delay"] = ReconnectSeconds,
        ["open-timeout"] = OpenSeconds,
        ["discard"] = "unmap",
        ["detect-zeroes"] = "unmap",
        ["cache"] = new JsonObject { ["direct"] = true, ["no-flush"] = false },
    };

    /// <summary>The <c>raw</c> node over the NBD node of a size, or over another.</summary>
    public JsonObject Node(int sizeGiB, string? below = null) => new()
    {
        ["driver"] = "raw",
        ["node-name"] = NodeName,
        ["file"] = below ?? ExportName(sizeGiB),
        ["discard"] = "unmap",
        ["cache"] = new JsonObject { ["direct"] = true, ["no-flush"] = false },
    };

    /// <summary>What answers for a disk that was taken away by force: an error to everything.</summary>
    public JsonObject Broken() => new()
    {
        ["driver"] = "blkdebug",
        ["node-name"] = BrokenName,
        ["image"] = new JsonObject { ["driver"] = "null-co", ["size"] = 1L << 44 },
        ["inject-error"] = new JsonArray([.. Kinds.Select(kind => (JsonNode)new JsonObject
        {
            ["event"] = "none", ["iotype"] = kind, ["errno"] = 5, ["once"] = false, ["immediately"] = true,
        })]),
    };

    /// <summary>The name of <see cref="Broken"/>.</summary>
    public string BrokenName => VolumeId + ".gone";

    /// <summary>The disk itself. A full store pauses the machine, as a full disk below it would; other errors are the
    /// guest's, as from a real disk.</summary>
    public JsonObject Device(int port, bool isRoot)
    {
        var device = new JsonObject
        {
            ["driver"] = "virtio-blk-pci",
            ["id"] = DeviceId(port),
            ["bus"] = $"port{port}",
            ["drive"] = NodeName,
            ["serial"] = VolumeId.Replace("-", "", StringComparison.Ordinal),
            ["werror"] = "enospc",
            ["rerror"] = "report",
        };
        if (isRoot)
            device["bootindex"] = 0;
        return device;
    }

    /// <summary>The device's id, which says where it is.</summary>
    public string DeviceId(int port) => string.Create(CultureInfo.InvariantCulture, $"port{port}-{VolumeId}");
}
