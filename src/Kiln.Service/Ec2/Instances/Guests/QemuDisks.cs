using System.Text.Json.Nodes;
using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Plugs volumes into a running machine, unplugs and grows them.</summary>
/// <remarks>Every step looks at QEMU's own lists first, so that a step that a crash cut short is finished by the next
/// call.</remarks>
internal sealed class QemuDisks(TimeProvider wall)
{
    // Pressing a PCIe slot's button again within five seconds means the opposite; a guest answers within six.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(20);

    // How long a forced detach leaves the guest's system to let go by itself: two looks of the reconciler.
    private static readonly TimeSpan ForceAfter = TimeSpan.FromSeconds(7);

    /// <summary>Plugs a volume in.</summary>
    /// <exception cref="AwsException">AttachmentLimitExceeded: no port is free.</exception>
    public static async Task Plug(QemuMachine machine, GuestDevice device, CancellationToken cancel)
    {
        var disk = new QemuDisk(device.Volume.Id);
        var nodes = await machine.Nodes(cancel);
        var devices = await machine.Devices(cancel);
        if (Find(devices, disk) is not null)
        {
            if (!nodes.Contains(disk.BrokenName))
                return;
            throw new AwsException("IncorrectState", 400,
                $"Instance '{machine.Folder.InstanceId}' has not let go of volume {device.Volume.Id} since it was "
                + "detached by force. Restart the instance.");
        }
        var port = Enumerable.Range(0, int.MaxValue).TakeWhile(p => devices.Contains($"port{p}"))
            .Where(p => !devices.Any(d => d.StartsWith($"port{p}-", StringComparison.Ordinal)))
            .Cast<int?>().FirstOrDefault() ?? throw new AwsException("AttachmentLimitExceeded", 400,
                $"Instance '{machine.Folder.InstanceId}' has no free port for another volume until it is stopped and "
                + "started.");
        var size = device.Volume.SizeGiB;
        machine.Withdrawn.TryRemove(device.Volume.Id, out _);
        if (!nodes.Contains(disk.ExportName(size)))
            await machine.Qmp.Execute("blockdev-add", disk.Export(machine.Folder, size), cancel);
        if (!nodes.Contains(disk.NodeName))
            await machine.Qmp.Execute("blockdev-add", disk.Node(size), cancel);
        await machine.Qmp.Execute("device_add", disk.Device(port, isRoot: false), cancel);
        machine.Unplugging.Remove(device.Volume.Id);
    }

    /// <summary>Asks the guest to let go of a volume, and takes it when it has.</summary>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> Unplug(QemuMachine machine, string volumeId, bool force, CancellationToken cancel)
    {
        var disk = new QemuDisk(volumeId);
        if (Find(await machine.Devices(cancel), disk) is not { } id)
        {
            await Forget(machine, disk, cancel);
            machine.Unplugging.Remove(volumeId);
            return true;
        }
        var now = wall.GetUtcNow();
        if (!machine.Unplugging.TryGetValue(volumeId, out var asked) || now - asked > AskAgain)
        {
            machine.Unplugging[volumeId] = asked = now;
            await Ask(machine, id, cancel);
        }
        if (!force || now - asked < ForceAfter)
            return false;
        // The device stays in the guest, and answers every request with an error from now on.
        var nodes = await machine.Nodes(cancel);
        if (!nodes.Contains(disk.BrokenName))
            await machine.Qmp.Execute("blockdev-add", disk.Broken(), cancel);
        await Reopen(machine, disk.Node(0, disk.BrokenName), cancel);
        await DropExports(machine, disk, null, cancel);
        return true;
    }

    /// <summary>Moves a volume's disk to an export of the new size, and shows the guest.</summary>
    public static async Task Grow(QemuMachine machine, string volumeId, int sizeGiB, CancellationToken cancel)
    {
        var disk = new QemuDisk(volumeId);
        var nodes = await machine.Nodes(cancel);
        if (!nodes.Contains(disk.NodeName))
            return;
        if (!nodes.Contains(disk.ExportName(sizeGiB)))
            await machine.Qmp.Execute("blockdev-add", disk.Export(machine.Folder, sizeGiB), cancel);
        await Reopen(machine, disk.Node(sizeGiB), cancel);
        await machine.Qmp.Execute("block_resize", new JsonObject
        {
            ["node-name"] = disk.NodeName, ["size"] = (long)sizeGiB << 30,
        }, cancel);
        await DropExports(machine, disk, disk.ExportName(sizeGiB), cancel);
    }

    private static async Task Ask(QemuMachine machine, string id, CancellationToken cancel)
    {
        try
        {
            await machine.Qmp.Execute("device_del", new JsonObject { ["id"] = id }, cancel);
        }
        catch (QmpException)
        {
            // "already in the process of unplug"; whether it went shows in the list.
        }
    }

    private static Task Reopen(QemuMachine machine, JsonObject node, CancellationToken cancel) =>
        machine.Qmp.Execute("blockdev-reopen", new JsonObject { ["options"] = new JsonArray(node) }, cancel);

    private static async Task Forget(QemuMachine machine, QemuDisk disk, CancellationToken cancel)
    {
        var nodes = await machine.Nodes(cancel);
        if (nodes.Contains(disk.NodeName))
            await Delete(machine, disk.NodeName, cancel);
        if (nodes.Contains(disk.BrokenName))
            await Delete(machine, disk.BrokenName, cancel);
        await DropExports(machine, disk, null, cancel);
    }

    private static async Task DropExports(
        QemuMachine machine, QemuDisk disk, string? but, CancellationToken cancel)
    {
        foreach (var node in await machine.Nodes(cancel))
        {
            var isExport = node.StartsWith(disk.VolumeId + ".", StringComparison.Ordinal) && node != disk.BrokenName;
            if (isExport && node != but)
                await Delete(machine, node, cancel);
        }
    }

    private static Task Delete(QemuMachine machine, string node, CancellationToken cancel) =>
        machine.Qmp.Execute("blockdev-del", new JsonObject { ["node-name"] = node }, cancel);

    private static string? Find(IReadOnlyList<string> devices, QemuDisk disk) =>
        devices.FirstOrDefault(d => d.EndsWith("-" + disk.VolumeId, StringComparison.Ordinal));
}
