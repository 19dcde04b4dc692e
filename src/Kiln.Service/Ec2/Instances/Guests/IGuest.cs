using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The machines behind instances, on this node.</summary>
/// <remarks>
/// Every method may be called again after a crash at any point and then finds what it did before: machines are known
/// by their instance's id. Nothing here changes rows; the caller does, from what <see cref="Look"/> sees.
/// </remarks>
public interface IGuest
{
    /// <summary>What the machine is doing now.</summary>
    Task<GuestLook> Look(Instance instance, CancellationToken cancel);

    /// <summary>Switches the machine on with its volumes. Does nothing where it is on.</summary>
    /// <exception cref="AwsException">A volume's key or data cannot be used.</exception>
    Task Start(Instance instance, IReadOnlyList<GuestDevice> devices, CancellationToken cancel);

    /// <summary>Asks the machine's system to shut down, or pulls the plug. Does nothing where it is off.</summary>
    /// <remarks>Called again and again until the machine is off; a system that takes no notice is switched off in the
    /// end. A machine whose instance is <c>running</c> only rests: it keeps what it has for the next start.</remarks>
    /// <param name="instance">The machine.</param>
    /// <param name="force">Whether to pull the plug at once.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task Stop(Instance instance, bool force, CancellationToken cancel);

    /// <summary>Asks the machine's system to restart.</summary>
    Task Reboot(Instance instance, CancellationToken cancel);

    /// <summary>Switches the machine off for good and forgets it. Does nothing where there is none.</summary>
    Task Remove(Instance instance, CancellationToken cancel);

    /// <summary>Drops what was kept of a machine that is off for good, its console.</summary>
    Task Forget(Instance instance, CancellationToken cancel);

    /// <summary>Gives a volume to a machine that is on; one that is off gets it with its next start.</summary>
    /// <exception cref="AwsException">The volume's key or data cannot be used.</exception>
    Task Attach(Instance instance, GuestDevice device, CancellationToken cancel);

    /// <summary>Takes a volume from the machine.</summary>
    /// <param name="instance">The machine.</param>
    /// <param name="device">The volume and its name.</param>
    /// <param name="force">Whether to take it although the machine does not let go.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Whether the machine has let go; until then the attachment is detaching.</returns>
    Task<bool> Detach(Instance instance, GuestDevice device, bool force, CancellationToken cancel);

    /// <summary>Shows the machine that a volume has grown; does nothing where it is off.</summary>
    /// <param name="instance">The machine.</param>
    /// <param name="device">The volume, whose device has the new size already.</param>
    /// <param name="sizeGiB">The new size.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task Resize(Instance instance, GuestDevice device, int sizeGiB, CancellationToken cancel);

    /// <summary>Brings the machine's file systems to rest for an instant of its volumes.</summary>
    /// <returns>What ends the rest when it is disposed; null where nobody inside answers in time.</returns>
    Task<GuestFreeze?> Freeze(Instance instance, CancellationToken cancel);

    /// <summary>How the machine is, as far as can be told from outside.</summary>
    GuestHealth Health(Instance instance);

    /// <summary>What the machine has written to its console; null where nothing is kept.</summary>
    Task<GuestConsole?> Console(Instance instance, CancellationToken cancel);

    /// <summary>A JPEG of what the machine shows on its screen; null where there is none.</summary>
    Task<byte[]?> Screenshot(Instance instance, CancellationToken cancel);

    /// <summary>Sends a non-maskable interrupt, at which most systems write down where they are.</summary>
    Task Interrupt(Instance instance, CancellationToken cancel);
}

/// <summary>A volume as a machine has it.</summary>
/// <param name="Volume">The volume's row.</param>
/// <param name="Device">The device name, e.g. <c>/dev/sdf</c>.</param>
/// <param name="IsRoot">Whether the machine boots from it.</param>
public sealed record GuestDevice(Volume Volume, string Device, bool IsRoot);

/// <summary>What a machine is doing.</summary>
/// <param name="Power">On, off or in between.</param>
/// <param name="After">When something is likely to have changed; null where nothing is under way.</param>
/// <param name="ShutDownItself">Whether it is off because its own system wanted that.</param>
public readonly record struct GuestLook(GuestPower Power, TimeSpan? After = null, bool ShutDownItself = false);

/// <summary>A machine's console.</summary>
/// <param name="Text">The end of what it wrote, bytes as they came.</param>
/// <param name="At">When that was last written.</param>
public sealed record GuestConsole(byte[] Text, DateTimeOffset At);
