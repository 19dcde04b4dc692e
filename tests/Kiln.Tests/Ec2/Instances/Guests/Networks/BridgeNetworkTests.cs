using System.Net;
using Amazon.EC2.Model;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Kiln.Service.Imds;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kiln.Tests.Ec2.Instances.Guests.Networks;

/// <summary>The network of a VPC, seen from the cards of its machines: frames in, frames out, on the real kernel.
/// </summary>
public sealed class BridgeNetworkTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-bridge-").FullName;
    private readonly TestServer _server;
    private readonly List<IDisposable> _open = [];
    private BridgeNetwork? _network;

    public BridgeNetworkTests() => _server = new TestServer { Configure = o => o.GuestFolder = _folder };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private BridgeNetwork Network => _network!;

    private GuestFolders Folders => _server.Server.Services.GetRequiredService<GuestFolders>();

    private NetworkNamespace Space => NetworkNamespace.Beginning($"kiln-{Path.GetFileName(Folders.Root)}-").Single();

    public async ValueTask InitializeAsync()
    {
        await _server.StartAsync();
        _network = NewNetwork();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _open)
            one.Dispose();
        foreach (var space in NetworkNamespace.Beginning($"kiln-{Path.GetFileName(Folders.Root)}-"))
            await space.Remove(TimeProvider.System, CancellationToken.None);
        _network?.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Machines_of_a_VPC_reach_each_other_as_their_security_groups_say()
    {
        await Begin();
        var ec2 = _server.Ec2();
        var (image, _) = await _server.NewImage("bridge");
        var alice = await Join((await ec2.Launch(image)).InstanceId);
        var bob = await Join((await ec2.Launch(image)).InstanceId);

        // The default group lets its members talk.
        alice.Send(bob.Address.ToString(), TapGuest.Icmp, TapGuest.Echo(1));
        Assert.NotNull(await bob.Receive(TapGuest.Icmp, IsEchoFrom(alice)));
        // Nobody sends from another's address.
        alice.Send(bob.Address.ToString(), TapGuest.Icmp, TapGuest.Echo(2), IPAddress.Parse("172.31.0.99"));
        alice.Send(bob.Address.ToString(), TapGuest.Icmp, TapGuest.Echo(3));
        var next = await bob.Receive(TapGuest.Icmp, p => p[20] == 8);
        Assert.Equal(3, next![27]);

        var closed = (await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "closed", Description = "d" }, Cancel)).GroupId;
        await ec2.ModifyInstanceAttributeAsync(
            new ModifyInstanceAttributeRequest { InstanceId = bob.InstanceId, Groups = [closed] }, Cancel);
        await Network.Refresh(Cancel);
        alice.Send(bob.Address.ToString(), TapGuest.Tcp, alice.Syn(bob.Address.ToString(), 8080, 1000));
        Assert.Null(await bob.Receive(TapGuest.Tcp, _ => true, 300));

        await ec2.AuthorizeSecurityGroupIngressAsync(new AuthorizeSecurityGroupIngressRequest
        {
            GroupId = closed,
            IpPermissions =
            [
                new IpPermission
                {
                    IpProtocol = "tcp", FromPort = 8000, ToPort = 8099,
                    Ipv4Ranges = [new IpRange { CidrIp = "172.31.0.0/16" }],
                },
            ],
        }, Cancel);
        await Network.Refresh(Cancel);
        alice.Send(bob.Address.ToString(), TapGuest.Tcp, alice.Syn(bob.Address.ToString(), 22, 1001));
        alice.Send(bob.Address.ToString(), TapGuest.Tcp, alice.Syn(bob.Address.ToString(), 8080, 1002));
        var segment = await bob.Receive(TapGuest.Tcp, _ => true);
        Assert.Equal(8080, (segment![22] << 8) | segment[23]);
    }

    [Fact]
    public async Task A_machine_gets_its_address_and_its_own_metadata_and_nothing_of_the_host()
    {
        await Begin();
        var ec2 = _server.Ec2();
        var (image, _) = await _server.NewImage("lease");
        var guest = await Join((await ec2.Launch(image)).InstanceId);

        guest.Send("255.255.255.255", TapGuest.Udp, guest.Dhcp(1), IPAddress.Any);
        var offer = await guest.Receive(TapGuest.Udp, p => p.Length > 260);
        Assert.Equal(guest.Address.GetAddressBytes(), offer![44..48]);
        guest.Send("255.255.255.255", TapGuest.Udp, guest.Dhcp(3, IPAddress.Parse("10.9.9.9")), IPAddress.Any);
        Assert.Equal(6, (await guest.Receive(TapGuest.Udp, p => p.Length > 260))![28 + 242]);
        guest.Send("255.255.255.255", TapGuest.Udp, guest.Dhcp(3, guest.Address), IPAddress.Any);
        Assert.Equal(5, (await guest.Receive(TapGuest.Udp, p => p.Length > 260))![28 + 242]);

        guest.Send("169.254.169.254", TapGuest.Tcp, guest.Syn("169.254.169.254", 80, 2000));
        Assert.NotNull(await guest.Receive(TapGuest.Tcp, p => p[33] == 0x12));
        // Neither the router's other ports nor anything beyond.
        guest.Send("172.31.0.1", TapGuest.Tcp, guest.Syn("172.31.0.1", 22, 2001));
        guest.Send("127.0.0.1", TapGuest.Tcp, guest.Syn("127.0.0.1", 4566, 2002));
        guest.Send("192.0.2.1", TapGuest.Icmp, TapGuest.Echo(1));
        Assert.Null(await guest.Receive(TapGuest.Tcp, p => ((p[22] << 8) | p[23]) != 2000, 300));
    }

    [Fact]
    public async Task What_a_crash_leaves_is_swept_and_what_still_runs_is_taken_up()
    {
        await Begin();
        var ec2 = _server.Ec2();
        var (image, _) = await _server.NewImage("sweep");
        var kept = (await ec2.Launch(image)).InstanceId;
        var gone = (await ec2.Launch(image)).InstanceId;
        using (await Join(kept))
        using (await Join(gone))
        {
        }
        Directory.Delete(Folders.Of(gone).Path, recursive: true);
        Network.Dispose();
        foreach (var id in new[] { kept, gone })
            _server.Server.Services.GetRequiredService<MetadataServer>().Close(id);

        _network = NewNetwork();
        await Network.Begin(Cancel);
        var space = Space;
        var devices = await space.Shell("ls /sys/class/net", TimeProvider.System, Cancel);
        Assert.Contains(kept[^11..], devices, StringComparison.Ordinal);
        Assert.DoesNotContain(gone[^11..], devices, StringComparison.Ordinal);
        using var again = await Join(kept);
        again.Send("169.254.169.254", TapGuest.Tcp, again.Syn("169.254.169.254", 80, 2000));
        Assert.NotNull(await again.Receive(TapGuest.Tcp, p => p[33] == 0x12));
        again.Dispose();
        await Network.Release(kept, Cancel);
        Assert.False(space.Exists);
    }

    private static Func<byte[], bool> IsEchoFrom(TapGuest guest) =>
        p => p[20] == 8 && p.AsSpan(12, 4).SequenceEqual(guest.Address.GetAddressBytes());

    private BridgeNetwork NewNetwork() => new(
        _server.Server.Services.GetRequiredService<MetadataServer>(),
        _server.Server.Services.GetRequiredService<IServiceScopeFactory>(), Folders, TimeProvider.System,
        NullLogger<BridgeNetwork>.Instance);

    private async Task Begin()
    {
        try
        {
            await Network.Begin(Cancel);
        }
        catch (IOException missing)
        {
            Assert.Skip(missing.Message);
        }
    }

    private async Task<TapGuest> Join(string instanceId)
    {
        var row = await _server.WithDb(db => db.Instances.AsNoTracking().SingleAsync(i => i.Id == instanceId, Cancel));
        var folder = Folders.Make(instanceId, null);
        var plan = await Network.Prepare(row, folder, Cancel);
        var (space, tap) = (new NetworkNamespace(plan.Namespace!), "kt" + instanceId[^11..]);
        var router = await space.Shell($"cat /sys/class/net/{tap}/address", TimeProvider.System, Cancel);
        var guest = new TapGuest(space, tap, plan.Mac, plan.PrivateIp, instanceId, router);
        _open.Add(guest);
        // The kernel takes up to a second to send to a device that somebody has just opened; till then it drops.
        await TestServer.Eventually(
            () => space.Shell($"cat /sys/class/net/{tap}/operstate", TimeProvider.System, Cancel),
            state => state.Trim() == "up");
        return guest;
    }
}
