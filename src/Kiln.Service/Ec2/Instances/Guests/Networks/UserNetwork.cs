using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Imds;
using Kiln.Service.Persistence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>A network of its own inside QEMU for each machine, without any right on the host: metadata through a unix
/// socket, SSH from this host's loopback, and no way out unless <c>nat</c> is asked for.</summary>
/// <remarks>
/// QEMU's slirp answers for 169.254.169.254 only where that lies in the machine's network, and takes no prefix shorter
/// than 4: hence 168.0.0.0/5, which holds both it and the default VPC. docs/operating/guest-networks.md draws it.
/// </remarks>
public sealed partial class UserNetwork(
    MetadataServer metadata, IServiceScopeFactory scopes, ServiceOptions options,
    [FromKeyedServices("wall")] TimeProvider wall, ILogger<UserNetwork> log) : IGuestNetwork
{
    private const string Range = "168.0.0.0/5";

    // What a machine of a VPC elsewhere has inside: its own address would put the metadata out of its network.
    private const string StandIn = "172.31.255.10";

    private static readonly Cidr Reach = Cidr.Parse(Range)!.Value;
    private readonly ConcurrentDictionary<string, Machine> _machines = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task Begin(CancellationToken cancel) => Relay is null
        ? throw new IOException(
            "Machines need netcat-openbsd to reach their metadata (nc.openbsd was not found); install it, or start "
            + "with --guests simulated.")
        : Task.CompletedTask;

    /// <inheritdoc/>
    public Task<GuestNetworkPlan> Prepare(Instance instance, GuestFolder folder, CancellationToken cancel)
    {
        var relay = Relay
            ?? throw new AwsException("Unsupported", 400, "netcat-openbsd is not installed on this host.");
        var address = Cidr.Address(instance.PrivateIpAddress) is { } own && Reach.Contains(own)
            ? instance.PrivateIpAddress : StandIn;
        var restrict = options.GuestNetwork == "nat" ? "off" : "on";
        string[] arguments =
        [
            "-netdev",
            $"user,id=net0,ipv6=off,net={Range},host=172.31.0.1,dns=172.31.0.2,dhcpstart={address},restrict={restrict},"
            + $"guestfwd=tcp:169.254.169.254:80-cmd:{relay} -NU {folder.ImdsSocket}",
            "-device", $"virtio-net-pci,romfile=,netdev=net0,mac={instance.MacAddress}",
            "-chardev", $"socket,id=netmon,path={folder.NetworkSocket},server=on,wait=off",
            "-mon", "chardev=netmon,mode=control",
        ];
        var onHost = GuestPort.IsOnHost(instance.PublicIpAddress);
        var plan = new GuestNetworkPlan(
            arguments, address, instance.MacAddress, onHost ? instance.PublicIpAddress : null,
            onHost ? GuestPort.OnHost : null, Spawns: true, LowPorts: onHost && GuestPort.OnHost == GuestPort.Ssh);
        Take(instance.Id, folder, plan);
        return Task.FromResult(plan);
    }

    /// <inheritdoc/>
    public Task Restore(
        Instance instance, GuestFolder folder, GuestNetworkPlan plan, CancellationToken cancel)
    {
        Take(instance.Id, folder, plan);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Release(string instanceId, CancellationToken cancel)
    {
        metadata.Close(instanceId);
        if (_machines.TryRemove(instanceId, out var machine))
            machine.Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task Refresh(CancellationToken cancel)
    {
        if (_machines.IsEmpty)
            return;
        await using var scope = scopes.CreateAsyncScope();
        var access = await GuestAccess.Load(
            scope.ServiceProvider.GetRequiredService<Db>(), [.. _machines.Keys], cancel);
        foreach (var (id, machine) in _machines)
        {
            var wanted = access.FirstOrDefault(a => a.InstanceId == id)?.AllowsSsh(GuestPort.OnHost) == true;
            if (machine.Plan.SshHost is null || machine.IsOpen == wanted)
                continue;
            try
            {
                machine.IsOpen = await Forward(id, machine, wanted, cancel);
            }
            catch (Exception failure) when (failure is IOException or QmpException or ObjectDisposedException)
            {
                // Not on yet, or off: the next look finds out.
                machine.IsOpen = null;
            }
        }
    }

    /// <summary>What leads connections to a unix socket: Debian's netcat-openbsd, also where another netcat is the
    /// default.</summary>
    internal static string? Relay { get; } =
        ((string[])["/bin/nc.openbsd", "/usr/bin/nc.openbsd"]).FirstOrDefault(File.Exists);

    private void Take(string instanceId, GuestFolder folder, GuestNetworkPlan plan)
    {
        // Whoever connects is taken for the machine: its user alone may, to whom the caller gives the file.
        metadata.Open(instanceId, folder.ImdsSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (_machines.TryRemove(instanceId, out var earlier))
            earlier.Dispose();
        _machines[instanceId] = new Machine(plan, new Qmp(folder.NetworkSocket, wall));
    }

    /// <summary>Opens or closes the way to SSH; answers what it is then, or null where QEMU could not.</summary>
    private async Task<bool?> Forward(string instanceId, Machine machine, bool open, CancellationToken cancel)
    {
        var from = $"tcp:{machine.Plan.SshHost}:{machine.Plan.SshPort}";
        // After a restart of Kiln nobody knows which way it was left.
        if (machine.IsOpen is not false)
            await Ask(machine, $"hostfwd_remove net0 {from}", cancel);
        if (!open)
            return false;
        var answer = await Ask(machine, $"hostfwd_add net0 {from}-:{GuestPort.Ssh}", cancel);
        if (answer.Length == 0)
            return true;
        if (!machine.HasComplained)
            LogNotForwarded(instanceId, from, answer.Trim());
        machine.HasComplained = true;
        return null;
    }

    private static async Task<string> Ask(Machine machine, string command, CancellationToken cancel)
    {
        var answer = await machine.Monitor.Execute(
            "human-monitor-command", new JsonObject { ["command-line"] = command }, cancel);
        return answer.ValueKind == JsonValueKind.String ? answer.GetString()! : "";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "SSH of {InstanceId} is not reached at {From}: {Answer}")]
    private partial void LogNotForwarded(string instanceId, string from, string answer);

    /// <summary>A machine's network, and whether its SSH is open; null for unknown.</summary>
    private sealed class Machine(GuestNetworkPlan plan, Qmp monitor) : IDisposable
    {
        public GuestNetworkPlan Plan { get; } = plan;

        public Qmp Monitor { get; } = monitor;

        public bool? IsOpen { get; set; }

        public bool HasComplained { get; set; }

        public void Dispose() => Monitor.Dispose();
    }
}
