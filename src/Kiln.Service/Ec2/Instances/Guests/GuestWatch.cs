using System.Collections.Concurrent;
using System.Net.Sockets;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Finds this node's machines when the service starts, and looks at each every second.</summary>
/// <remarks>
/// What needs a change of an instance's row is left to <see cref="InstanceReconciler"/>, which is woken; what does not
/// is done here: a machine that its full store has paused goes on, one that was told to reboot starts again, consoles
/// are kept short, agents are asked whether they are there.
/// </remarks>
public sealed partial class GuestWatch(
    QemuHost host, QemuMachines machines, GuestAgents agents, IGuestNetwork network, IServiceScopeFactory scopes,
    NodeIdentity node, DomainClock clock, ILogger<GuestWatch> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RebootMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PulsePause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<QemuMachine, Task> _looks = new();

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!host.IsUsed)
            return;
        await TakeUp(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock.Wall);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var machine in machines.All)
                {
                    // One that does not answer keeps nobody else waiting.
                    if (!_looks.TryGetValue(machine, out var last) || last.IsCompleted)
                        _looks[machine] = Look(machine, stoppingToken);
                }
                foreach (var gone in _looks.Keys.Except(machines.All))
                    _looks.TryRemove(gone, out _);
            }
        }
        catch (OperationCanceledException)
        {
            // The machines go on.
        }
    }

    private async Task TakeUp(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var instances = await db.Instances.Include(i => i.Interface).AsNoTracking()
            .Where(i => i.NodeId == node.Id).ToDictionaryAsync(i => i.Id, cancel);
        foreach (var folder in machines.Folders.All)
        {
            try
            {
                await TakeUp(folder, instances.GetValueOrDefault(folder.InstanceId), cancel);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
            {
                // One machine's trouble is no other's; its instance is looked at below. It cannot be left alone: its
                // instance will count as stopped, and its volumes may go elsewhere.
                LogLookFailed(failure, folder.InstanceId);
                await machines.EndUnknown(folder.InstanceId, cancel);
            }
        }
        // Those that ended meanwhile, and those that never ran here: their reconciler sees that.
        foreach (var instance in instances.Values.Where(i => machines.Of(i.Id) is null
            && i.State is InstanceState.Running))
            await Work.Work.Commit(db, () => InstanceReconciler.Want(db, instance, clock.GetUtcNow(), cancel), cancel);
    }

    private async Task TakeUp(GuestFolder folder, Instance? instance, CancellationToken cancel)
    {
        if (instance is not (null or { State: InstanceState.Terminated or InstanceState.Stopped })
            && QemuProcess.Find(folder) is { } process && LaunchRecord.Read(folder) is { } record)
        {
            await TakeUp(folder, record, process, instance, cancel);
            return;
        }
        // The console stays as long as somebody may ask for it.
        await machines.EndUnknown(folder.InstanceId, cancel);
        if (instance is null)
            Directory.Delete(folder.Path, recursive: true);
    }

    private async Task TakeUp(
        GuestFolder folder, LaunchRecord record, QemuProcess process, Instance instance, CancellationToken cancel)
    {
        machines.Serve(folder, record.User);
        await network.Restore(instance, folder, record.Network, cancel);
        GuestFolders.Share(folder.ImdsSocket, record.User);
        if (!await machines.Adopt(folder, record, process, cancel))
        {
            LogSilent(folder.InstanceId);
            await machines.EndUnknown(folder.InstanceId, cancel);
            await network.Release(folder.InstanceId, cancel);
            return;
        }
        GuestJournal.Note(folder, clock.Wall.GetUtcNow(), "taken up");
        // A service that died between a freeze and its thaw; the guest must not wait for the first look.
        _ = Thaw(folder, cancel);
    }

    private async Task Thaw(GuestFolder folder, CancellationToken cancel)
    {
        try
        {
            var agent = agents.Of(folder.InstanceId);
            var isFrozen = await agent.IsFrozen(cancel);
            // Also where it says not: an agent that has just started need not know what the one before it froze.
            await agent.Thaw(cancel);
            if (isFrozen)
                GuestJournal.Note(folder, clock.Wall.GetUtcNow(), "thaw", "found frozen");
        }
        catch (Exception failure) when (failure is IOException or QmpException or OperationCanceledException)
        {
            // No agent, or nothing to thaw.
        }
    }

    private async Task Look(QemuMachine machine, CancellationToken cancel)
    {
        // Off the timer's thread.
        await Task.Yield();
        try
        {
            var status = await machine.Status(cancel);
            if (status != machine.LastStatus)
            {
                machine.LastStatus = status;
                GuestJournal.Note(
                    machine.Folder, clock.Wall.GetUtcNow(), "status", status.Length > 0 ? status : "ended");
                if (status is "" or "shutdown" or "internal-error" or "guest-panicked" && !machine.Record.Restarts)
                    await Wake(machine.Folder.InstanceId, cancel);
            }
            await Move(machine, status, cancel);
            ConsoleLog.Trim(machine.Folder.ConsoleLog);
            ConsoleLog.Trim(machine.Folder.ProcessLog);
            if (status == "running")
                await Listen(machine, cancel);
        }
        catch (Exception failure) when (failure is IOException or QmpException or ObjectDisposedException)
        {
            machine.LastStatus = "silent";
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
        catch (Exception failure)
        {
            LogLookFailed(failure, machine.Folder.InstanceId);
        }
    }

    private async Task Move(QemuMachine machine, string status, CancellationToken cancel)
    {
        if (status is "io-error")
        {
            // Its store was full. It writes the same again, and pauses again if that is still so.
            await machine.Go(cancel);
        }
        if (!machine.Record.Restarts)
            return;
        machine.AskedAt ??= clock.Wall.GetUtcNow();
        var isLate = machines.IsEmpty(machine) || clock.Wall.GetUtcNow() - machine.AskedAt > RebootMax;
        if (status == "shutdown" || isLate)
        {
            GuestJournal.Note(machine.Folder, clock.Wall.GetUtcNow(), "reset", isLate ? "it did not shut down" : null);
            await machine.Restart(cancel);
        }
    }

    private async Task Listen(QemuMachine machine, CancellationToken cancel)
    {
        var id = machine.Folder.InstanceId;
        var agent = agents.Of(id);
        var now = clock.Wall.GetUtcNow();
        if (agent.OwesThaw)
            await Thaw(machine.Folder, cancel);
        if (now - machine.ListenedAt < (machines.Pulse.LastAgent(id) is null ? Pause : PulsePause))
            return;
        machine.ListenedAt = now;
        if (await agent.Ping(cancel))
            machines.Pulse.HeardAgent(id);
    }

    private async Task Wake(string instanceId, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        if (await db.Instances.AsNoTracking().SingleOrDefaultAsync(i => i.Id == instanceId, cancel) is { } instance)
            await Work.Work.Commit(db, () => InstanceReconciler.Want(db, instance, clock.GetUtcNow(), cancel), cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The machine of {Instance} runs but does not answer; ended")]
    private partial void LogSilent(string instance);

    [LoggerMessage(Level = LogLevel.Error, Message = "The machine of {Instance} could not be looked at")]
    private partial void LogLookFailed(Exception failure, string instance);
}
