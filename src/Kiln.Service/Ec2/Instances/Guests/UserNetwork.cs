using System.Net;
using System.Net.Sockets;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A network of its own inside QEMU for each machine, without any right on the host: SSH from this host's
/// loopback, and no way out.</summary>
public sealed class UserNetwork : IGuestNetwork
{
    /// <inheritdoc/>
    public Task<GuestNetworkPlan> Prepare(Instance instance, GuestFolder folder, CancellationToken cancel)
    {
        var port = FreePort();
        string[] arguments =
        [
            "-netdev",
            $"user,id=net0,net=168.0.0.0/5,host=172.31.0.1,dns=172.31.0.2,dhcpstart={instance.PrivateIpAddress},"
            + $"restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22",
            "-device", $"virtio-net-pci,romfile=,netdev=net0,mac={instance.MacAddress}",
        ];
        return Task.FromResult(new GuestNetworkPlan(
            arguments, instance.PrivateIpAddress, instance.MacAddress, "127.0.0.1", port));
    }

    /// <inheritdoc/>
    public Task Restore(
        Instance instance, GuestFolder folder, GuestNetworkPlan plan, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Release(string instanceId, CancellationToken cancel) => Task.CompletedTask;

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
