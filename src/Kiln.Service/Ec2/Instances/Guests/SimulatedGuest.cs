using System.Globalization;
using System.Text;
using Kiln.Service.Ec2.Storage;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Machines without a processor: states and timings of real ones, over real volumes.</summary>
/// <remarks>
/// Keeps nothing: a machine is on or off by when its row last asked for it, so a restart of the service changes
/// nothing. Starting and attaching open the volumes, so that lost data and unusable keys are found as a real machine
/// would find them.
/// </remarks>
public sealed class SimulatedGuest(VolumeDevices volumes, ServiceOptions options, TimeProvider clock) : IGuest
{
    private TimeSpan Takes => TimeSpan.FromMilliseconds(options.SimulatedBootMilliseconds);

    /// <inheritdoc/>
    public Task<GuestLook> Look(Instance instance, CancellationToken cancel)
    {
        var on = instance.State == InstanceState.Pending
            || (instance.State == InstanceState.Running && instance.Phase is GuestPhase.None or GuestPhase.Resuming);
        var left = instance.PowerSince + Takes - clock.GetUtcNow();
        return Task.FromResult(left > TimeSpan.Zero
            ? new GuestLook(on ? GuestPower.Starting : GuestPower.Stopping, left)
            : new GuestLook(on ? GuestPower.On : GuestPower.Off));
    }

    /// <inheritdoc/>
    public async Task Start(Instance instance, IReadOnlyList<GuestDevice> devices, CancellationToken cancel)
    {
        foreach (var device in devices)
            await Open(device, cancel);
    }

    /// <inheritdoc/>
    public Task Stop(Instance instance, bool force, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Reboot(Instance instance, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Remove(Instance instance, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Forget(Instance instance, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Attach(Instance instance, GuestDevice device, CancellationToken cancel) => Open(device, cancel);

    /// <inheritdoc/>
    public Task<bool> Detach(Instance instance, GuestDevice device, bool force, CancellationToken cancel) =>
        Task.FromResult(true);

    /// <inheritdoc/>
    public Task<GuestConsole?> Console(Instance instance, CancellationToken cancel) =>
        Task.FromResult<GuestConsole?>(instance.State is InstanceState.Pending ? null : new GuestConsole(
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"Kiln simulated guest: {instance.Id} was started at {instance.LaunchTime:yyyy-MM-dd'T'HH:mm:ss'Z'}."
                + $"\r\n"
                + $"No system runs in it: its states and volumes are real, its processor is not.\r\n")),
            instance.LaunchTime));

    /// <inheritdoc/>
    public Task Resize(Instance instance, GuestDevice device, int sizeGiB, CancellationToken cancel) =>
        Task.CompletedTask;

    /// <inheritdoc/>
    public Task<GuestFreeze?> Freeze(Instance instance, CancellationToken cancel) =>
        Task.FromResult<GuestFreeze?>(null);

    /// <inheritdoc/>
    public GuestHealth Health(Instance instance) => instance.State == InstanceState.Running
        && instance.Phase == GuestPhase.None
        ? new GuestHealth(GuestCheck.Ok, GuestCheck.Ok)
        : new GuestHealth(GuestCheck.Initializing, GuestCheck.Initializing);

    /// <inheritdoc/>
    public Task<byte[]?> Screenshot(Instance instance, CancellationToken cancel) =>
        Task.FromResult<byte[]?>(null);

    /// <inheritdoc/>
    public Task Interrupt(Instance instance, CancellationToken cancel) => Task.CompletedTask;

    private async Task Open(GuestDevice device, CancellationToken cancel)
    {
        using var use = await volumes.Use(device.Volume, cancel);
    }
}
