using Kiln.Service.Ec2.Network;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>What a machine's security groups let in and out, read from the rows.</summary>
/// <param name="InstanceId">The machine.</param>
/// <param name="PrivateIp">Its address.</param>
/// <param name="Inbound">What may come in.</param>
/// <param name="Outbound">What may go out.</param>
public sealed record GuestAccess(
    string InstanceId, string PrivateIp, IReadOnlyList<GuestRule> Inbound, IReadOnlyList<GuestRule> Outbound)
{
    // Somebody on this host comes from here.
    private static readonly uint Loopback = Cidr.Address("127.0.0.1")!.Value;

    /// <summary>Whether somebody on this host may connect to the machine's SSH.</summary>
    /// <param name="onHost">The port where they connect. A rule for it counts as well as one for port 22: who is told
    /// that SSH is there, opens that one.</param>
    public bool AllowsSsh(int onHost) =>
        Inbound.Any(r => r.AllowsTcp(GuestPort.Ssh, Loopback) || r.AllowsTcp(onHost, Loopback));

    /// <summary>Reads what holds now for some machines; one that has no interface any more is not among them.</summary>
    public static async Task<IReadOnlyList<GuestAccess>> Load(
        Db db, IReadOnlyCollection<string> instanceIds, CancellationToken cancel)
    {
        var ids = instanceIds.ToList();
        var cards = await db.NetworkInterfaces.AsNoTracking().Include(n => n.Groups)
            .Where(n => EF.Parameter(ids).Contains(n.InstanceId)).ToListAsync(cancel);
        var groups = cards.SelectMany(n => n.Groups).Select(g => g.GroupId).Distinct().ToList();
        var rules = (await db.SecurityGroupRules.AsNoTracking()
            .Where(r => EF.Parameter(groups).Contains(r.GroupId)).OrderBy(r => r.Key).ToListAsync(cancel))
            .ToLookup(r => r.GroupId);
        var referenced = rules.SelectMany(g => g).Select(r => r.ReferencedGroupId).OfType<string>().Distinct().ToList();
        // Also machines of other nodes are members, as addresses of the VPC.
        var members = (await db.InterfaceGroups.AsNoTracking()
            .Where(g => EF.Parameter(referenced).Contains(g.GroupId))
            .Join(db.NetworkInterfaces, g => g.InterfaceId, n => n.Id, (g, n) => new { g.GroupId, n.PrivateIpAddress })
            .OrderBy(m => m.PrivateIpAddress).ToListAsync(cancel))
            .ToLookup(m => m.GroupId, m => new Cidr(Cidr.Address(m.PrivateIpAddress) ?? 0, 32));
        IReadOnlyList<GuestRule> Of(NetworkInterface card, bool outbound) =>
        [
            .. card.Groups.Select(g => g.GroupId).Order(StringComparer.Ordinal).SelectMany(g => rules[g])
                .Where(r => r.IsEgress == outbound).Select(r => new GuestRule(r.IpProtocol, r.FromPort, r.ToPort,
                    r.ReferencedGroupId is { } peer ? [.. members[peer]]
                    : r.CidrIpv4 is { } range ? [Cidr.Parse(range)!.Value] : [])),
        ];
        return [.. cards.OrderBy(n => n.InstanceId, StringComparer.Ordinal).Select(
            n => new GuestAccess(n.InstanceId, n.PrivateIpAddress, Of(n, false), Of(n, true)))];
    }
}
