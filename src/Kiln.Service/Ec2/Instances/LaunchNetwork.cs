using System.Globalization;
using System.Security.Cryptography;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Where a launch puts its instances: subnet, security groups, addresses.</summary>
/// <remarks>EC2 API Reference "RunInstances": SubnetId and groups, or one network interface with the same.</remarks>
public sealed class LaunchNetwork
{
    // What a simulated machine gets: the range for tests between networks (RFC 2544), nobody's, never on the internet.
    private static readonly Cidr SimulatedRange = Cidr.Parse("198.18.0.0/15")!.Value;

    private readonly Db _db;
    private readonly HashSet<string> _used;
    private readonly string? _wanted;
    private readonly string _description;

    private LaunchNetwork(
        Db db, Subnet subnet, IReadOnlyList<SecurityGroup> groups, HashSet<string> used, string? wanted,
        bool isPublic, string description)
    {
        (_db, Subnet, Groups, _used, _wanted, IsPublic, _description) =
            (db, subnet, groups, used, wanted, isPublic, description);
    }

    /// <summary>The subnet.</summary>
    public Subnet Subnet { get; }

    /// <summary>The security groups.</summary>
    public IReadOnlyList<SecurityGroup> Groups { get; }

    /// <summary>Whether the instances get public addresses.</summary>
    public bool IsPublic { get; }

    /// <summary>How many addresses are free.</summary>
    public int Free => SubnetItem.Free(Subnet, _used.Count);

    /// <summary>Finds everything that the request names, or its defaults.</summary>
    /// <exception cref="AwsException">InvalidSubnetID.NotFound, VPCIdNotSpecified, MissingInput,
    /// InvalidGroup.NotFound, InvalidParameterCombination, InvalidParameterValue, InvalidIPAddress.InUse.</exception>
    public static async Task<LaunchNetwork> Of(
        Db db, RunInstancesRequest request, Call call, CancellationToken cancel)
    {
        var card = Card(request);
        await DefaultNetwork.Ensure(db, call, cancel);
        var subnet = await FindSubnet(db, card?.SubnetId ?? request.SubnetId, ZoneOf(request, call), call, cancel);
        var ids = card is null ? request.SecurityGroupIds : card.Groups;
        var groups = await FindGroups(db, ids, request.SecurityGroups, subnet, cancel);
        var used = (await db.NetworkInterfaces.Where(n => n.SubnetId == subnet.Id)
            .Select(n => n.PrivateIpAddress).ToListAsync(cancel)).ToHashSet();
        var wanted = card?.PrivateIpAddress ?? request.PrivateIpAddress;
        if (wanted is not null)
            CheckAddress(wanted, subnet, used, request.MaxCount);
        return new LaunchNetwork(db, subnet, groups, used, wanted,
            card?.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch, card?.Description ?? "");
    }

    /// <summary>Adds the interface of a new instance; not yet committed.</summary>
    public NetworkInterface Add(string instanceId, string address, string mac, string id, DateTimeOffset now)
    {
        var row = new NetworkInterface
        {
            Id = id,
            Region = Subnet.Region,
            AccountId = Subnet.AccountId,
            InstanceId = instanceId,
            VpcId = Subnet.VpcId,
            SubnetId = Subnet.Id,
            AvailabilityZone = Subnet.AvailabilityZone,
            PrivateIpAddress = address,
            MacAddress = mac,
            Description = _description,
            AttachTime = now,
        };
        row.Groups.AddRange(Groups.Select(
            g => new InterfaceGroup { InterfaceId = id, GroupId = g.Id, GroupName = g.Name }));
        _db.Add(row);
        return row;
    }

    /// <summary>The address asked for, else the lowest free one of the subnet, which is taken.</summary>
    public string NextPrivate()
    {
        var range = Cidr.Parse(Subnet.CidrBlock)!.Value;
        // The first four and the last are AWS's; the unique index holds against launches at the same time.
        for (var offset = 4u; _wanted is null && offset < range.Size - 1; offset++)
        {
            var address = Cidr.Text(range.Network + offset);
            if (_used.Add(address))
                return address;
        }
        return _wanted ?? throw Ec2Error.InsufficientFreeAddresses(Subnet.Id);
    }

    /// <summary>A public address that no instance has; that of a real machine is one of this host's own.</summary>
    public static async Task<string> NextPublic(Db db, bool isReal, CancellationToken cancel)
    {
        var range = isReal ? GuestPort.Addresses : SimulatedRange;
        while (true)
        {
            var address = Cidr.Text(range.Network
                + (uint)RandomNumberGenerator.GetInt32(1, (int)range.Size - 1));
            if (!await db.Instances.AnyAsync(i => i.PublicIpAddress == address, cancel))
                return address;
        }
    }

    /// <summary>A locally administered MAC address, as EC2's are.</summary>
    public static string NewMac() =>
        "02:" + string.Join(':', RandomNumberGenerator.GetBytes(5)
            .Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));

    private static LaunchInterface? Card(RunInstancesRequest request)
    {
        if (request.NetworkInterfaces.Count == 0)
            return null;
        if (request.NetworkInterfaces.Count > 1)
            throw Ec2Error.UnsupportedOperation(
                "Kiln's instances have one network interface: give NetworkInterface.1.");
        if (request.SubnetId is not null || request.SecurityGroupIds.Count > 0 || request.SecurityGroups.Count > 0
            || request.PrivateIpAddress is not null)
            throw Ec2Error.InvalidParameterCombination(
                "Network interfaces and an instance-level subnet ID, private IP address or security groups may not be "
                + "specified on the same request");
        var card = request.NetworkInterfaces[0];
        if (card.DeviceIndex is not 0)
            throw card.DeviceIndex is null
                ? Ec2Error.MissingParameter("NetworkInterface.1.DeviceIndex")
                : Ec2Error.InvalidParameterValue("The primary network interface must have the device index 0.");
        if (card.DeleteOnTermination == false)
            throw Ec2Error.UnsupportedOperation(
                "Kiln's interfaces go with their instances: DeleteOnTermination must be true.");
        return card.InterfaceType is null or "interface" ? card : throw Ec2Error.UnsupportedOperation(
            "Kiln's interfaces are of the type 'interface'.");
    }

    private static string? ZoneOf(RunInstancesRequest request, Call call)
    {
        if (request.Placement is not { } placement)
            return null;
        if (placement.Tenancy is not (null or "default"))
            throw Ec2Error.UnsupportedOperation("Kiln has shared hosts only: Placement.Tenancy must be 'default'.");
        return placement is { AvailabilityZone: null, AvailabilityZoneId: null }
            ? null
            : Zone.Read(call.Region, placement.AvailabilityZone, placement.AvailabilityZoneId).Name;
    }

    private static async Task<Subnet> FindSubnet(
        Db db, string? id, string? zone, Call call, CancellationToken cancel)
    {
        if (id is not null)
        {
            var named = await db.Subnets.SingleOrDefaultAsync(
                s => s.Id == id && s.AccountId == call.AccountId && s.Region == call.Region, cancel)
                ?? throw Ec2Error.InvalidSubnetIdNotFound(id);
            return zone is null || named.AvailabilityZone == zone ? named : throw Ec2Error.InvalidParameterValue(
                $"The availability zone '{zone}' is not that of the subnet '{id}', '{named.AvailabilityZone}'.");
        }
        var vpc = await DefaultNetwork.Find(db, call, cancel);
        return await db.Subnets.Where(s => s.VpcId == vpc.Id && s.DefaultForAz)
            .Where(s => zone == null || s.AvailabilityZone == zone)
            .OrderBy(s => s.AvailabilityZone).FirstOrDefaultAsync(cancel)
            ?? throw Ec2Error.NoDefaultSubnet(zone);
    }

    private static async Task<IReadOnlyList<SecurityGroup>> FindGroups(
        Db db, IReadOnlyList<string> ids, IReadOnlyList<string> names, Subnet subnet, CancellationToken cancel)
    {
        foreach (var id in ids)
            FoundGroup.CheckId(id);
        var all = db.SecurityGroups.AsNoTracking().Where(g => g.VpcId == subnet.VpcId);
        var wanted = ids.Concat(names).Distinct().ToList();
        if (wanted.Count > SecurityGroup.PerInterfaceMax)
            throw Ec2Error.NetworkLimitExceeded("SecurityGroupsPerInterfaceLimitExceeded",
                "security groups per interface", SecurityGroup.PerInterfaceMax);
        if (wanted.Count == 0)
            return [await all.SingleAsync(g => g.Name == SecurityGroup.DefaultName, cancel)];
        var found = await all.Where(g => ids.Contains(g.Id) || names.Contains(g.Name)).ToListAsync(cancel);
        if (wanted.Find(w => found.TrueForAll(g => g.Id != w && g.Name != w)) is { } absent)
            throw ids.Contains(absent)
                ? Ec2Error.InvalidGroupNotFound(absent)
                : Ec2Error.InvalidGroupNotFound(absent, subnet.VpcId);
        return found;
    }

    private static void CheckAddress(string wanted, Subnet subnet, HashSet<string> used, int count)
    {
        if (count > 1)
            throw Ec2Error.InvalidParameterCombination(
                "A private IP address can be given only when a single instance is launched.");
        var range = Cidr.Parse(subnet.CidrBlock)!.Value;
        if (Cidr.Address(wanted) is not { } address || !range.Contains(address)
            || address - range.Network < 4 || address - range.Network == range.Size - 1)
            throw Ec2Error.InvalidParameterValue($"Address {Ec2Error.Short(wanted)} does not fall within the subnet's "
                + "address range");
        if (!used.Add(wanted))
            throw Ec2Error.InvalidIpAddressInUse(wanted);
    }
}
