using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the interfaces of the account's instances in a Region.</summary>
[Operation("ec2:DescribeNetworkInterfaces")]
public sealed class DescribeNetworkInterfaces(Db db, Paging paging)
    : IOperation<DescribeNetworkInterfaces.Request, DescribeNetworkInterfaces.Response>
{
    private static readonly FilterSet<NetworkInterface> Filters = new FilterSet<NetworkInterface>()
        .Text("addresses.private-ip-address", i => i.PrivateIpAddress)
        .Text("association.public-ip", i => i.Instance!.PublicIpAddress)
        .Computed("attachment.attachment-id", i => i.AttachmentId)
        .Text("attachment.instance-id", i => i.InstanceId)
        .Text("attachment.instance-owner-id", i => i.AccountId)
        .Computed("attachment.device-index", _ => "0")
        .Computed("attachment.status", _ => "attached")
        .Computed("attachment.delete-on-termination", _ => "true")
        .Text("availability-zone", i => i.AvailabilityZone)
        .Text("description", i => i.Description)
        .Computed("group-id", i => i.Groups.Select(g => g.GroupId))
        .Computed("group-name", i => i.Groups.Select(g => g.GroupName))
        .Computed("interface-type", _ => "interface")
        .Text("mac-address", i => i.MacAddress)
        .Text("network-interface-id", i => i.Id)
        .Text("owner-id", i => i.AccountId)
        .Text("private-ip-address", i => i.PrivateIpAddress)
        .Computed("private-dns-name", i => DnsNames.Private(i.Region, i.PrivateIpAddress))
        .Bool("source-dest-check", i => i.SourceDestCheck)
        .Computed("status", _ => "in-use")
        .Text("subnet-id", i => i.SubnetId)
        .Text("vpc-id", i => i.VpcId)
        .Tags(i => i.Id);

    [Unsupported("Kiln has no interfaces that a service manages", "IncludeManagedResources")]
    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("NetworkInterfaceId")] public IReadOnlyList<string> NetworkInterfaceIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("networkInterfaceSet")] IReadOnlyList<NetworkInterfaceItem> NetworkInterfaces,
        string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(
            request.MaxResults, 5, 1000, request.NetworkInterfaceIds, "networkInterfaceIdsSet");
        var rows = db.NetworkInterfaces.AsNoTracking()
            .Where(i => i.Region == call.Region && i.AccountId == call.AccountId);
        rows = await Given.Narrow(
            rows, request.NetworkInterfaceIds, i => i.Id, Ec2Error.InvalidNetworkInterfaceIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(
            rows.Include(i => i.Groups).Include(i => i.Instance), request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(i => i.Id)], cancel);
        return new Response([.. page.Rows.Select(i => NetworkInterfaceItem.Of(i, tags.Of(i.Id)))], page.NextToken);
    }
}
