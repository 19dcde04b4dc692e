namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>How machines are connected: to their metadata service, to SSH, and perhaps to each other.</summary>
public interface IGuestNetwork
{
    /// <summary>Checks that this host can do it, and removes what a crash left. Called once, before all else.</summary>
    /// <exception cref="IOException">It cannot; the message says what is missing.</exception>
    Task Begin(CancellationToken cancel);

    /// <summary>Makes ready what a machine needs before it is switched on. May be called again after a crash.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="folder">Its folder, which exists.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task<GuestNetworkPlan> Prepare(Instance instance, GuestFolder folder, CancellationToken cancel);

    /// <summary>Takes up a machine that still runs when the service starts again.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="plan">What it was started with.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task Restore(Instance instance, GuestFolder folder, GuestNetworkPlan plan, CancellationToken cancel);

    /// <summary>Takes back what a machine had; it is off. Does nothing where there is nothing.</summary>
    Task Release(string instanceId, CancellationToken cancel);

    /// <summary>Brings what machines let in and out up to the rows, which change while they run.</summary>
    Task Refresh(CancellationToken cancel);
}

/// <summary>How one machine is connected; kept in its launch record.</summary>
/// <param name="Arguments">QEMU's arguments: the netdev and the card.</param>
/// <param name="PrivateIp">The address that the machine has inside.</param>
/// <param name="Mac">Its card's address.</param>
/// <param name="SshHost">Where its port 22 is reached from this host, or null.</param>
/// <param name="SshPort">The port there.</param>
/// <param name="Spawns">Whether QEMU must be let start a process for a connection (slirp's <c>guestfwd=…-cmd:</c>),
/// which its sandbox forbids otherwise.</param>
/// <param name="LowPorts">Whether QEMU must be let listen on ports below 1024.</param>
/// <param name="Namespace">The network namespace to start QEMU in, by the name that <c>ip netns</c> knows; null for
/// Kiln's own.</param>
public sealed record GuestNetworkPlan(
    IReadOnlyList<string> Arguments, string PrivateIp, string Mac, string? SshHost, int? SshPort, bool Spawns = false,
    bool LowPorts = false, string? Namespace = null);
