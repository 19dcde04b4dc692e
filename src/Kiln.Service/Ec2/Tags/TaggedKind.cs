using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Tags;

/// <summary>A kind of resource that may carry tags: how its ids look, and which of them a caller may tag.</summary>
/// <remarks>A new kind of resource with tags is one more entry of <see cref="All"/>.</remarks>
/// <param name="Prefix">The prefix of its ids, e.g. <c>ami</c>.</param>
/// <param name="Type">The resource type as EC2 names it, e.g. <c>image</c>.</param>
/// <param name="Visible">Those of some ids that the caller may put tags on.</param>
/// <param name="NotFound">What is answered for an id that is not there.</param>
public sealed record TaggedKind(
    string Prefix, string Type, Func<Db, Call, IReadOnlyList<string>, IQueryable<string>> Visible,
    Func<string, AwsException> NotFound)
{
    /// <summary>Whether the ARN of the kind has an empty account field.</summary>
    public bool IsWithoutAccount { get; init; }

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<TaggedKind> All { get; } =
    [
        new("ami", "image", Images, Ec2Error.InvalidAmiIdNotFound) { IsWithoutAccount = true },
        new("snap", "snapshot", Snapshots, Ec2Error.InvalidSnapshotNotFound) { IsWithoutAccount = true },
        new("vol", "volume", Volumes, Ec2Error.InvalidVolumeNotFound),
        new("i", "instance", Instances, id => Ec2Error.InvalidInstanceIdNotFound([id])),
        new("key", "key-pair", KeyPairs, Ec2Error.InvalidKeyPairNotFound),
        new("sg", "security-group", SecurityGroups, Ec2Error.InvalidGroupNotFound),
        new("sgr", "security-group-rule", SecurityGroupRules, Ec2Error.InvalidSecurityGroupRuleIdNotFound),
        new("vpc", "vpc", Vpcs, Ec2Error.InvalidVpcIdNotFound),
        new("subnet", "subnet", Subnets, Ec2Error.InvalidSubnetIdNotFound),
        new("eni", "network-interface", NetworkInterfaces, Ec2Error.InvalidNetworkInterfaceIdNotFound),
        new("rtb", "route-table", RouteTables, Ec2Error.InvalidRouteTableIdNotFound),
        new("igw", "internet-gateway", InternetGateways, Ec2Error.InvalidInternetGatewayIdNotFound),
        new("dopt", "dhcp-options", DhcpOptions, Ec2Error.InvalidDhcpOptionIdNotFound),
    ];

    /// <summary>The kind of an id.</summary>
    /// <exception cref="AwsException">InvalidID: the id is of no known kind, or not well formed.</exception>
    public static TaggedKind Of(string id)
    {
        var dash = id.LastIndexOf('-');
        var prefix = dash > 0 ? id[..dash] : "";
        foreach (var kind in All)
        {
            if (kind.Prefix == prefix && Ids.IsWellFormed(prefix, id))
                return kind;
        }
        throw Ec2Error.InvalidId(id);
    }

    /// <summary>The ARN that tagging a resource is authorised for.</summary>
    public string ArnOf(Call call, string id) => Arn.Ec2(call.Region, IsWithoutAccount ? "" : call.AccountId, Type, id);

    /// <summary>The ARN of any resource of a type, e.g. <c>image</c>.</summary>
    public static string Any(Call call, string type) => All.Single(k => k.Type == type).ArnOf(call, "*");

    private static IQueryable<string> Images(Db db, Call call, IReadOnlyList<string> ids) =>
        ImageAccess.Visible(db.Images, db, call.AccountId)
            .Where(i => i.Region == call.Region && ids.Contains(i.Id) && i.State != ImageState.Deregistered)
            .Select(i => i.Id);

    private static IQueryable<string> Snapshots(Db db, Call call, IReadOnlyList<string> ids) =>
        db.Snapshots.Where(s => s.Region == call.Region && ids.Contains(s.Id) && (s.AccountId == call.AccountId
            || s.IsPublic || s.Permissions.Any(p => p.Kind == "userId" && p.Value == call.AccountId)))
            .Select(s => s.Id);

    private static IQueryable<string> Volumes(Db db, Call call, IReadOnlyList<string> ids) =>
        db.Volumes.Where(v => v.Region == call.Region && v.AccountId == call.AccountId && ids.Contains(v.Id))
            .Select(v => v.Id);

    private static IQueryable<string> Instances(Db db, Call call, IReadOnlyList<string> ids) =>
        db.Instances.Where(i => i.Region == call.Region && i.AccountId == call.AccountId && ids.Contains(i.Id))
            .Select(i => i.Id);

    private static IQueryable<string> KeyPairs(Db db, Call call, IReadOnlyList<string> ids) =>
        db.KeyPairs.Where(k => k.Region == call.Region && k.AccountId == call.AccountId && ids.Contains(k.Id))
            .Select(k => k.Id);

    private static IQueryable<string> SecurityGroups(Db db, Call call, IReadOnlyList<string> ids) =>
        db.SecurityGroups.Where(g => g.Region == call.Region && g.AccountId == call.AccountId && ids.Contains(g.Id))
            .Select(g => g.Id);

    private static IQueryable<string> SecurityGroupRules(Db db, Call call, IReadOnlyList<string> ids) =>
        db.SecurityGroupRules.Where(r => ids.Contains(r.Id) && db.SecurityGroups.Any(
            g => g.Id == r.GroupId && g.Region == call.Region && g.AccountId == call.AccountId))
            .Select(r => r.Id);

    private static IQueryable<string> Vpcs(Db db, Call call, IReadOnlyList<string> ids) =>
        Own(db, call).Where(v => ids.Contains(v.Id)).Select(v => v.Id);

    private static IQueryable<string> Subnets(Db db, Call call, IReadOnlyList<string> ids) =>
        db.Subnets.Where(s => s.Region == call.Region && s.AccountId == call.AccountId && ids.Contains(s.Id))
            .Select(s => s.Id);

    private static IQueryable<string> NetworkInterfaces(Db db, Call call, IReadOnlyList<string> ids) =>
        db.NetworkInterfaces.Where(n => n.Region == call.Region && n.AccountId == call.AccountId && ids.Contains(n.Id))
            .Select(n => n.Id);

    // Route tables and internet gateways are columns of their VPC's row, DHCP options of the account's network.
    private static IQueryable<string> RouteTables(Db db, Call call, IReadOnlyList<string> ids) =>
        Own(db, call).Where(v => ids.Contains(v.RouteTableId)).Select(v => v.RouteTableId);

    private static IQueryable<string> InternetGateways(Db db, Call call, IReadOnlyList<string> ids) =>
        Own(db, call).Where(v => v.InternetGatewayId != null && ids.Contains(v.InternetGatewayId))
            .Select(v => v.InternetGatewayId!);

    private static IQueryable<string> DhcpOptions(Db db, Call call, IReadOnlyList<string> ids) =>
        db.AccountNetworks.Where(
            n => n.Region == call.Region && n.AccountId == call.AccountId && ids.Contains(n.DhcpOptionsId))
            .Select(n => n.DhcpOptionsId);

    private static IQueryable<Network.Vpc> Own(Db db, Call call) =>
        db.Vpcs.Where(v => v.Region == call.Region && v.AccountId == call.AccountId);
}
