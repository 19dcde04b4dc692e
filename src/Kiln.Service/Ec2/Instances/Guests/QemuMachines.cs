using System.Collections.Concurrent;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The machines that QEMU runs on this node, as far as this process knows: it finds them all when it
/// starts.</summary>
public sealed class QemuMachines(
    GuestFolders folders, GuestPulse pulse, VolumeExports exports, IServiceScopeFactory scopes,
    [FromKeyedServices("wall")] TimeProvider wall)
{
    // A QEMU that starts opens its disks first; then its control socket answers.
    private static readonly TimeSpan UpMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan UpLook = TimeSpan.FromMilliseconds(20);

    // From then on something inside should have been heard: no system takes longer to its network under TCG.
    private static readonly TimeSpan BootMax = TimeSpan.FromMinutes(5);

    // An agent that answered and does not any more; it is asked every ten seconds.
    private static readonly TimeSpan SilentMax = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, QemuMachine> _machines = new(StringComparer.Ordinal);

    /// <summary>Where they are.</summary>
    public GuestFolders Folders { get; } = folders;

    /// <summary>When they were heard.</summary>
    public GuestPulse Pulse { get; } = pulse;

    /// <summary>How many there are.</summary>
    public int Count => _machines.Count;

    internal ICollection<QemuMachine> All => _machines.Values;

    internal QemuMachine? Of(string instanceId) => _machines.GetValueOrDefault(instanceId);

    /// <summary>Serves a machine's volumes on its own socket, and no others.</summary>
    internal void Serve(GuestFolder folder, uint? user)
    {
        exports.Serve(folder.InstanceId, folder.NbdSocket, volume => MayOpen(folder.InstanceId, volume));
        GuestFolders.Share(folder.NbdSocket, user);
    }

    /// <summary>Ends a machine's connections to a volume that it no longer has.</summary>
    internal void Disconnect(string instanceId, string volumeId)
    {
        // Its attachment's row goes a moment later: nobody may connect again in between.
        if (Of(instanceId) is { } machine)
            machine.Withdrawn[volumeId] = true;
        exports.Disconnect(instanceId, volumeId);
    }

    /// <summary>Starts a process for a machine and waits until it answers.</summary>
    /// <exception cref="GuestStartException">It ended at once.</exception>
    internal async Task Launch(
        GuestFolder folder, LaunchRecord record, IReadOnlyList<string> arguments, int filesMax,
        CancellationToken cancel)
    {
        // One that an earlier service started and could not tell of any more.
        if (QemuProcess.Find(folder) is { } stray)
        {
            if (await Adopt(folder, record, stray, cancel))
                return;
            await EndUnknown(folder.InstanceId, cancel);
            throw new IOException($"An earlier machine of {folder.InstanceId} did not answer; it has been ended.");
        }
        File.Delete(folder.ProcessLog);
        GuestJournal.Note(folder, wall.GetUtcNow(), "start", record.Accelerator);
        using var started = QemuProcess.Start(
            arguments, folder, record.User, record.Accelerator == "kvm", record.Network, filesMax);
        var process = QemuProcess.Of(started.Id);
        var until = wall.GetUtcNow() + UpMax;
        while (process is { IsAlive: true } && wall.GetUtcNow() < until)
        {
            if (File.Exists(folder.QmpSocket) && await Adopt(folder, record, process, cancel))
                return;
            await Task.Delay(UpLook, wall, cancel);
        }
        process?.Kill();
        throw new GuestStartException("QEMU did not start: " + ConsoleLog.LastLine(folder.ProcessLog));
    }

    /// <summary>Takes up a process that runs.</summary>
    /// <returns>Whether it answers.</returns>
    internal async Task<bool> Adopt(
        GuestFolder folder, LaunchRecord record, QemuProcess process, CancellationToken cancel)
    {
        var machine = new QemuMachine(folder, record, process, wall);
        try
        {
            if (await machine.Status(cancel) is { Length: > 0 } status)
            {
                machine.LastStatus = status;
                _machines[folder.InstanceId] = machine;
                return true;
            }
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            // Its socket is older than it, or it is not ready.
        }
        machine.Dispose();
        return false;
    }

    /// <summary>Ends a process of an instance that is not taken up as a machine, if there is one, and what was served
    /// to it.</summary>
    internal async Task EndUnknown(string instanceId, CancellationToken cancel)
    {
        if (QemuProcess.Find(Folders.Of(instanceId)) is { } stray)
        {
            stray.Kill();
            while (stray.IsAlive)
                await Task.Delay(UpLook, wall, cancel);
        }
        exports.StopServing(instanceId);
    }

    /// <summary>Forgets a machine whose process has ended; its folder and console stay.</summary>
    internal void Forget(QemuMachine machine)
    {
        _machines.TryRemove(machine.Folder.InstanceId, out _);
        exports.StopServing(machine.Folder.InstanceId);
        Pulse.Forget(machine.Folder.InstanceId);
        File.Delete(machine.Folder.LaunchRecord);
        GuestJournal.Note(machine.Folder, wall.GetUtcNow(), "end");
        machine.Dispose();
    }

    /// <summary>Whether there is nobody in a machine who could shut it down, or lose anything with the plug: its disks
    /// had nothing to boot, and nothing was heard.</summary>
    internal bool IsEmpty(QemuMachine machine) =>
        !machine.Record.Boots && Pulse.LastHeard(machine.Folder.InstanceId) is null;

    /// <summary>How a machine is.</summary>
    internal GuestHealth Health(string instanceId)
    {
        if (Of(instanceId) is not { } machine || !machine.Process.IsAlive
            || machine.LastStatus is not ("running" or "shutdown" or "paused"))
            return new GuestHealth(GuestCheck.Impaired, GuestCheck.Impaired);
        var now = wall.GetUtcNow();
        var inside = Pulse.LastAgent(instanceId) is { } agent && now - agent > SilentMax ? GuestCheck.Impaired
            : Pulse.LastHeard(instanceId) is not null ? GuestCheck.Ok
            : now - machine.Record.StartedAt > BootMax ? GuestCheck.Impaired
            : GuestCheck.Initializing;
        return new GuestHealth(GuestCheck.Ok, inside);
    }

    private bool MayOpen(string instanceId, string volumeId)
    {
        if (Of(instanceId)?.Withdrawn.ContainsKey(volumeId) == true)
            return false;
        using var scope = scopes.CreateScope();
        return scope.ServiceProvider.GetRequiredService<Db>().VolumeAttachments.AsNoTracking()
            .Any(a => a.VolumeId == volumeId && a.InstanceId == instanceId);
    }
}
