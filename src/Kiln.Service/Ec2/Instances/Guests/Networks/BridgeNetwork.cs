using System.Net;
using System.Net.Sockets;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Imds;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>Machines of one VPC in a network namespace of it: real private addresses, security groups, and no way
/// out.</summary>
/// <remarks>
/// Each machine has a tap device of its own, and the namespace routes between them, as EC2's network does: there is no
/// broadcast that a neighbour could hear or forge, and the connection tracking of nftables holds on routed packets on
/// every kernel. Namespaces and taps outlive Kiln, as the machines do. docs/operating/guest-networks.md draws it.
/// </remarks>
public sealed partial class BridgeNetwork(
    MetadataServer metadata, IServiceScopeFactory scopes, GuestFolders folders,
    [FromKeyedServices("wall")] TimeProvider wall, ILogger<BridgeNetwork> log) : IGuestNetwork, IDisposable
{
    private static readonly IPAddress MetadataAddress = IPAddress.Parse("169.254.169.254");

    private readonly Dictionary<string, BridgedMachine> _machines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _filters = new(StringComparer.Ordinal);

    // Namespaces are changed by one at a time: a VPC's last machine may leave while its next one comes.
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>What the names of this data folder's namespaces begin with.</summary>
    private string Prefix => $"kiln-{Path.GetFileName(folders.Root)}-";

    /// <inheritdoc/>
    public async Task Begin(CancellationToken cancel)
    {
        try
        {
            CheckTun();
            var probe = new NetworkNamespace(Prefix + "probe");
            await probe.Make(wall, cancel);
            try
            {
                await probe.Filter(NftRules.Of([("kt0", new GuestAccess("", "192.0.2.1", [], []))]), wall, cancel);
            }
            finally
            {
                await probe.Remove(wall, cancel);
            }
            await Sweep(cancel);
        }
        catch (IOException failure)
        {
            throw new IOException(
                "--guest-network bridge needs root (or CAP_NET_ADMIN and CAP_SYS_ADMIN), iproute2 and nftables: "
                + failure.Message, failure);
        }
    }

    /// <inheritdoc/>
    public async Task<GuestNetworkPlan> Prepare(Instance instance, GuestFolder folder, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            var machine = await Connect(instance, cancel);
            string[] arguments =
            [
                "-netdev", $"tap,id=net0,ifname={machine.Tap},script=no,downscript=no",
                "-device", $"virtio-net-pci,romfile=,netdev=net0,mac={instance.MacAddress}",
            ];
            return new GuestNetworkPlan(
                arguments, instance.PrivateIpAddress, instance.MacAddress, machine.Relay is null
                    ? null : instance.PublicIpAddress, machine.Relay is null ? null : GuestPort.OnHost,
                Namespace: machine.Space.Name);
        }
        catch (IOException failure)
        {
            throw new AwsException("Unsupported", 400, "The network could not be made: " + failure.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task Restore(
        Instance instance, GuestFolder folder, GuestNetworkPlan plan, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            await Connect(instance, cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task Release(string instanceId, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            metadata.Close(instanceId);
            if (_machines.Remove(instanceId, out var machine))
                machine.Dispose();
            // One that was off when Kiln started is not among the known.
            foreach (var space in machine is null ? NetworkNamespace.Beginning(Prefix) : [machine.Space])
                await Sweep(space, tap => tap != TapOf(instanceId), cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task Refresh(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            foreach (var space in _machines.Values.Select(m => m.Space).Distinct().ToList())
                await Filter(space, cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var machine in _machines.Values)
            machine.Dispose();
        _turn.Dispose();
    }

    private static string TapOf(string instanceId) => "kt" + instanceId[^11..];

    private static void CheckTun()
    {
        // Machines run as users of their own, who open their tap by this file; only its owner's tap opens to one.
        const string file = "/dev/net/tun";
        if (!File.Exists(file))
            throw new IOException($"{file} is missing (modprobe tun).");
        if (QemuHost.UserOf("i-0") is not null && (File.GetUnixFileMode(file) & UnixFileMode.OtherWrite) == 0)
            throw new IOException($"{file} is closed to the users of machines: chmod 0666 {file}, as udev does.");
    }

    /// <summary>Makes or finds a machine's place in its VPC, and what of it lives in this process.</summary>
    private async Task<BridgedMachine> Connect(Instance instance, CancellationToken cancel)
    {
        var (subnet, prefix) = await SubnetOf(instance, cancel);
        var router = Cidr.Text(subnet + 1);
        var space = new NetworkNamespace(Prefix + instance.VpcId);
        var tap = TapOf(instance.Id);
        await space.Make(wall, cancel);
        await space.Shell(Script(instance, tap, router), wall, cancel);
        if (_machines.Remove(instance.Id, out var earlier))
            earlier.Dispose();
        metadata.Open(
            instance.Id, space.Bound(tap, SocketType.Stream, new IPEndPoint(MetadataAddress, 80)));
        var machine = new BridgedMachine(instance.Id, space, tap)
        {
            Dhcp = new DhcpServer(
                space.Bound(tap, SocketType.Dgram, new IPEndPoint(IPAddress.Any, 67)),
                new DhcpLease(IPAddress.Parse(instance.PrivateIpAddress), prefix, IPAddress.Parse(router),
                    DnsNames.Private(instance.Region, instance.PrivateIpAddress).Split('.')[0])),
        };
        machine.Relay = RelayOf(instance, machine);
        _machines[instance.Id] = machine;
        await Filter(space, cancel);
        return machine;
    }

    private async Task<(uint Network, int Prefix)> SubnetOf(Instance instance, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var block = await scope.ServiceProvider.GetRequiredService<Db>().Subnets.AsNoTracking()
            .Where(s => s.Id == instance.SubnetId).Select(s => s.CidrBlock).SingleOrDefaultAsync(cancel);
        return block is not null && Cidr.Parse(block) is { } range
            ? (range.Network, range.Prefix)
            : throw new IOException($"The subnet {instance.SubnetId} is gone.");
    }

    // Proxy ARP answers for every neighbour that has a route here; without its usual delay of up to a second.
    private static string Script(Instance instance, string tap, string router) =>
        $"""
        ip link show dev {tap} >/dev/null 2>&1 ||
          ip tuntap add dev {tap} mode tap user {QemuHost.UserOf(instance.Id) ?? Posix.UserId}
        echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 || true
        echo 1 >/proc/sys/net/ipv4/conf/{tap}/proxy_arp
        echo 0 >/proc/sys/net/ipv4/neigh/{tap}/proxy_delay
        echo 0 >/proc/sys/net/ipv4/conf/{tap}/send_redirects
        ip link set lo up
        ip address replace 169.254.169.254/32 dev lo
        ip address replace {router}/32 dev lo
        ip link set {tap} up
        ip route replace {instance.PrivateIpAddress}/32 dev {tap} src {router}
        ip neighbour replace {instance.PrivateIpAddress} lladdr {instance.MacAddress} dev {tap} nud permanent

        """;

    private SshRelay? RelayOf(Instance instance, BridgedMachine machine)
    {
        if (!GuestPort.IsOnHost(instance.PublicIpAddress))
            return null;
        try
        {
            return new SshRelay(
                new IPEndPoint(IPAddress.Parse(instance.PublicIpAddress!), GuestPort.OnHost), machine.Space,
                new IPEndPoint(IPAddress.Parse(instance.PrivateIpAddress), GuestPort.Ssh),
                () => machine.Access?.AllowsSsh(GuestPort.OnHost) == true, wall);
        }
        catch (SocketException failure)
        {
            LogNotForwarded(instance.Id, $"{instance.PublicIpAddress}:{GuestPort.OnHost}", failure.Message);
            return null;
        }
    }

    /// <summary>Brings a namespace's firewall, and what the relays let in, up to the rows.</summary>
    private async Task Filter(NetworkNamespace space, CancellationToken cancel)
    {
        var machines = _machines.Values.Where(m => m.Space == space).ToDictionary(m => m.InstanceId);
        await using var scope = scopes.CreateAsyncScope();
        var access = await GuestAccess.Load(
            scope.ServiceProvider.GetRequiredService<Db>(), machines.Keys, cancel);
        foreach (var one in access)
            machines[one.InstanceId].Access = one;
        // A machine whose interface is gone sends nothing until it is taken away.
        var rules = access.Count == 0 ? "" : NftRules.Of([.. access.Select(a => (machines[a.InstanceId].Tap, a))]);
        if (rules.Length == 0 || _filters.GetValueOrDefault(space.Name) == rules)
            return;
        await space.Filter(rules, wall, cancel);
        _filters[space.Name] = rules;
    }

    /// <summary>Removes what a crash left: taps whose machine has no folder any more, and empty namespaces.</summary>
    private async Task Sweep(CancellationToken cancel)
    {
        var kept = folders.All.Select(f => TapOf(f.InstanceId)).ToHashSet(StringComparer.Ordinal);
        foreach (var space in NetworkNamespace.Beginning(Prefix))
            await Sweep(space, kept.Contains, cancel);
    }

    /// <summary>Removes taps of a namespace, and the namespace with the last of them.</summary>
    private async Task Sweep(NetworkNamespace space, Func<string, bool> stays, CancellationToken cancel)
    {
        var list = await space.Shell("ls /sys/class/net", wall, cancel);
        var taps = list.Split('\n').Where(n => n.StartsWith("kt", StringComparison.Ordinal)).ToList();
        if (!taps.Exists(t => stays(t)))
        {
            _filters.Remove(space.Name);
            await space.Remove(wall, cancel);
            return;
        }
        foreach (var tap in taps.Where(t => !stays(t)))
            await space.Shell($"ip link delete {tap}", wall, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "SSH of {InstanceId} is not reached at {From}: {Reason}")]
    private partial void LogNotForwarded(string instanceId, string from, string reason);
}
