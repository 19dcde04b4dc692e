using Kiln.Service.Ec2.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Machines that QEMU runs.</summary>
/// <remarks>
/// A machine is a process apart from this one, known by its folder (<see cref="GuestFolders"/>). Its disks are NBD
/// exports over a socket of its own, so that it reaches its volumes and no others. What it does by itself is seen by
/// <see cref="GuestWatch"/>. docs/guests.md draws it.
/// </remarks>
public sealed class QemuGuest(
    QemuHost host, QemuMachines machines, VolumeDevices volumes, GuestAgents agents, IGuestNetwork network,
    ServiceOptions options, [FromKeyedServices("wall")] TimeProvider wall) : IGuest
{
    // EC2 waits some minutes before it switches a machine off that does not shut down.
    private static readonly TimeSpan StopMax = TimeSpan.FromMinutes(2);

    // A button pressed while a system boots is lost, so it is pressed again; then the agent is asked.
    private static readonly TimeSpan PressAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgent = TimeSpan.FromSeconds(20);

    // A machine that is to be terminated writes what it has, if there is anybody in it.
    private static readonly TimeSpan RemoveMax = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan InterruptMax = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);

    private readonly QemuDisks _disks = new(wall);

    /// <inheritdoc/>
    public async Task<GuestLook> Look(Instance instance, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is not { } machine)
            return new GuestLook(GuestPower.Off);
        return await machine.Status(cancel) switch
        {
            "" => new GuestLook(GuestPower.Off),
            "shutdown" when machine.Record.Restarts => new GuestLook(GuestPower.On),
            "shutdown" => new GuestLook(GuestPower.Off, ShutDownItself: true),
            // Held by Stop in a system's place, for an image.
            "paused" when instance.Phase != GuestPhase.None => new GuestLook(GuestPower.Off),
            _ when machine.AskedAt is not null && !machine.Record.Restarts => new GuestLook(GuestPower.Stopping, Soon),
            _ => new GuestLook(GuestPower.On),
        };
    }

    /// <inheritdoc/>
    public async Task Start(Instance instance, IReadOnlyList<GuestDevice> devices, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is { } present)
        {
            var status = await present.Status(cancel);
            if (status is "shutdown" or "paused" && !present.Record.Restarts)
                await InTurn(present, () => present.Restart(cancel), cancel);
            if (status.Length > 0)
                return;
            await CleanUp(present, cancel);
        }
        // RunInstances and StartInstances have looked; several of them at once may have seen the same room.
        if (machines.Count >= host.MachinesMax)
        {
            throw new IOException(
                $"{host.MachinesMax} machines run here, which is the most (--guests-max); {instance.Id} waits.");
        }
        // What a real machine would find: a volume that is lost, a key that cannot be used.
        var boots = false;
        foreach (var device in devices)
        {
            using var use = await volumes.Use(device.Volume, cancel);
            boots |= BootSector.IsOn(use.Device);
        }
        try
        {
            await Launch(instance, devices, boots, cancel);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Tried again from the start, or never: nothing of it may stay.
            await Sweep(instance.Id, CancellationToken.None);
            throw;
        }
    }

    private async Task Launch(
        Instance instance, IReadOnlyList<GuestDevice> devices, bool boots, CancellationToken cancel)
    {
        var user = QemuHost.UserOf(instance.Id);
        var folder = machines.Folders.Make(instance.Id, user);
        machines.Serve(folder, user);
        var plan = await network.Prepare(instance, folder, cancel);
        GuestFolders.Share(folder.ImdsSocket, user);
        var command = new QemuCommand(host, options, instance, folder);
        var arguments = command.Build(plan, devices);
        var accelerator = host.AcceleratorOf(instance.Platform.Architecture);
        var record = new LaunchRecord(
            instance.Id, instance.Platform.Architecture, accelerator, wall.GetUtcNow(), plan, user,
            Boots: boots);
        record.Write(folder);
        await machines.Launch(folder, record, arguments, command.FilesMax(devices.Count), cancel);
    }

    /// <inheritdoc/>
    public async Task Stop(Instance instance, bool force, CancellationToken cancel)
    {
        // It only rests when its instance goes on: an image is being made.
        var rests = instance.State == InstanceState.Running && instance.Phase != GuestPhase.None;
        if (machines.Of(instance.Id) is not { } machine)
        {
            await Sweep(instance.Id, cancel);
            return;
        }
        var status = await machine.StatusOrSilence(cancel);
        if (status is "" or "shutdown" || force)
        {
            if (!rests)
                await CleanUp(machine, cancel);
            return;
        }
        await InTurn(machine, async () =>
        {
            var now = wall.GetUtcNow();
            // A reboot under way ends as a stop.
            if (machine.Record.Restarts)
                machine.Keep(machine.Record with { Restarts = false });
            var isEmpty = machines.IsEmpty(machine);
            if (isEmpty || (machine.AskedAt is { } asked && now - asked > StopMax))
            {
                GuestJournal.Note(machine.Folder, now, "plug pulled",
                    isEmpty ? "nothing has booted in it" : "it did not shut down in time");
                await (rests ? machine.Hold(cancel) : CleanUp(machine, cancel));
                return;
            }
            await Ask(machine, now, cancel);
        }, cancel);
    }

    /// <inheritdoc/>
    public async Task Reboot(Instance instance, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is not { } machine || !machine.Process.IsAlive)
            return;
        await InTurn(machine, async () =>
        {
            machine.Keep(machine.Record with { Restarts = true });
            await Ask(machine, wall.GetUtcNow(), cancel);
        }, cancel);
    }

    /// <inheritdoc/>
    public async Task Remove(Instance instance, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is not { } machine)
        {
            await Sweep(instance.Id, cancel);
            return;
        }
        var status = await machine.StatusOrSilence(cancel);
        var isInhabited = machines.Pulse.LastHeard(instance.Id) is not null;
        if (status == "running" && isInhabited && (machine.AskedAt is null || Asked(machine) < RemoveMax))
        {
            await InTurn(machine, () => Ask(machine, wall.GetUtcNow(), cancel), cancel);
            return;
        }
        await CleanUp(machine, cancel);
        agents.Forget(instance.Id);
    }

    /// <inheritdoc/>
    public Task Forget(Instance instance, CancellationToken cancel)
    {
        var folder = machines.Folders.Of(instance.Id).Path;
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task Attach(Instance instance, GuestDevice device, CancellationToken cancel)
    {
        (await volumes.Use(device.Volume, cancel)).Dispose();
        if (machines.Of(instance.Id) is { } machine && machine.Process.IsAlive)
            await InTurn(machine, () => QemuDisks.Plug(machine, device, cancel), cancel);
    }

    /// <inheritdoc/>
    public async Task<bool> Detach(Instance instance, GuestDevice device, bool force, CancellationToken cancel)
    {
        var gone = true;
        if (machines.Of(instance.Id) is { } machine && machine.Process.IsAlive)
        {
            await InTurn(
                machine, async () => gone = await _disks.Unplug(machine, device.Volume.Id, force, cancel), cancel);
        }
        if (gone)
            machines.Disconnect(instance.Id, device.Volume.Id);
        return gone;
    }

    /// <inheritdoc/>
    public async Task Resize(Instance instance, GuestDevice device, int sizeGiB, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is { } machine && machine.Process.IsAlive)
            await InTurn(machine, () => QemuDisks.Grow(machine, device.Volume.Id, sizeGiB, cancel), cancel);
    }

    /// <inheritdoc/>
    public async Task<GuestFreeze?> Freeze(Instance instance, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is not { } machine || await machine.Status(cancel) != "running")
            return null;
        try
        {
            var agent = agents.Of(instance.Id);
            if (!await agent.Ping(cancel))
                return null;
            GuestJournal.Note(machine.Folder, wall.GetUtcNow(), "freeze");
            return await agent.Freeze(
                why => GuestJournal.Note(machine.Folder, wall.GetUtcNow(), "thaw", why), cancel);
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            GuestJournal.Note(machine.Folder, wall.GetUtcNow(), "thaw", "not frozen: " + failure.Message);
            return null;
        }
    }

    /// <inheritdoc/>
    public GuestHealth Health(Instance instance) => machines.Health(instance.Id);

    /// <inheritdoc/>
    public Task<GuestConsole?> Console(Instance instance, CancellationToken cancel) =>
        Task.FromResult(ConsoleLog.Read(machines.Folders.Of(instance.Id)));

    /// <inheritdoc/>
    public async Task<byte[]?> Screenshot(Instance instance, CancellationToken cancel) =>
        machines.Of(instance.Id) is { } machine && machine.Process.IsAlive
            ? await Answer(instance, Screen.Take(machine, cancel)) : null;

    /// <inheritdoc/>
    public async Task Interrupt(Instance instance, CancellationToken cancel)
    {
        if (machines.Of(instance.Id) is { } machine && machine.Process.IsAlive)
            await Answer(instance, machine.Qmp.Execute("inject-nmi", null, cancel, InterruptMax));
    }

    // A machine that hangs is the caller's to stop by force: no error of the service, and nothing to try again.
    private static async Task<T> Answer<T>(Instance instance, Task<T> asked)
    {
        try
        {
            return await asked;
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            throw Ec2Error.IncorrectState(
                $"The machine of instance '{instance.Id}' does not answer: {failure.Message}");
        }
    }

    private TimeSpan Asked(QemuMachine machine) =>
        machine.AskedAt is { } asked ? wall.GetUtcNow() - asked : TimeSpan.Zero;

    private async Task Ask(QemuMachine machine, DateTimeOffset now, CancellationToken cancel)
    {
        if (machine.AskedAt is not null && now - machine.AskedLast < PressAgain)
            return;
        machine.AskedAt ??= now;
        machine.AskedLast = now;
        await machine.PressButton(cancel);
        if (now - machine.AskedAt < AskAgent)
            return;
        try
        {
            await agents.Of(machine.Folder.InstanceId).Shutdown(cancel);
        }
        catch (IOException)
        {
            // Nobody there; the button stays.
        }
    }

    private async Task CleanUp(QemuMachine machine, CancellationToken cancel)
    {
        await machine.End(cancel);
        await network.Release(machine.Folder.InstanceId, cancel);
        machines.Forget(machine);
    }

    // A process that this service does not know as a machine, and what is served to it: off means that there is none.
    private async Task Sweep(string instanceId, CancellationToken cancel)
    {
        await machines.EndUnknown(instanceId, cancel);
        await network.Release(instanceId, cancel);
    }

    private static async Task InTurn(QemuMachine machine, Func<Task> body, CancellationToken cancel)
    {
        await machine.Turn.WaitAsync(cancel);
        try
        {
            await body();
        }
        finally
        {
            machine.Turn.Release();
        }
    }
}
