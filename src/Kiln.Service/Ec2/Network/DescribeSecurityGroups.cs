using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the account's security groups in a Region.</summary>
[Operation("ec2:DescribeSecurityGroups")]
public sealed class DescribeSecurityGroups(Db db, Paging paging)
    : IOperation<DescribeSecurityGroups.Request, DescribeSecurityGroups.Response>
{
    private static readonly FilterSet<SecurityGroup> Filters = AddRuleFilters(AddRuleFilters(
        new FilterSet<SecurityGroup>()
            .Text("description", g => g.Description)
            .Text("group-id", g => g.Id)
            .Text("group-name", g => g.Name)
            .Text("owner-id", g => g.AccountId)
            .Text("vpc-id", g => g.VpcId)
            .Tags(g => g.Id), "ip-permission", egress: false), "egress.ip-permission", egress: true);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("GroupId")] public IReadOnlyList<string> GroupIds { get; init; } = [];
        [Wire("GroupName")] public IReadOnlyList<string> GroupNames { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("securityGroupInfo")] IReadOnlyList<SecurityGroupItem> SecurityGroups, string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        foreach (var id in request.GroupIds)
            FoundGroup.CheckId(id);
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.SecurityGroups.AsNoTracking()
            .Where(g => g.Region == call.Region && g.AccountId == call.AccountId);
        rows = await Given.Narrow(rows, request.GroupIds, g => g.Id, Ec2Error.InvalidGroupNotFound, cancel);
        if (request.GroupNames.Count > 0)
        {
            // Names are those of the default VPC's groups.
            var vpc = await DefaultNetwork.Find(db, call, cancel);
            rows = rows.Where(g => g.VpcId == vpc.Id);
            rows = await Given.Narrow(rows, request.GroupNames, g => g.Name,
                name => Ec2Error.InvalidGroupNotFound(name, vpc.Id), cancel);
        }
        var (narrowed, rest) = Filters.Apply(rows.Include(g => g.Rules), request.Filters, db, call);
        var page = await paging.Read(
            narrowed, g => g.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(g => g.Id)], cancel);
        return new Response(
            [.. page.Rows.Select(g => SecurityGroupItem.Of(g, tags.Of(g.Id)))], page.NextToken);
    }

    private static FilterSet<SecurityGroup> AddRuleFilters(
        FilterSet<SecurityGroup> filters, string prefix, bool egress)
    {
        FilterSet<SecurityGroup> Add(string name, Func<SecurityGroupRule, string?> text) =>
            filters.Computed($"{prefix}.{name}", g => g.Rules.Where(r => r.IsEgress == egress).Select(text));
        Add("cidr", r => r.CidrIpv4);
        Add("ipv6-cidr", r => r.CidrIpv6);
        Add("group-id", r => r.ReferencedGroupId);
        Add("protocol", r => r.IpProtocol);
        Add("from-port", r => r.FromPort?.ToString(CultureInfo.InvariantCulture));
        return Add("to-port", r => r.ToPort?.ToString(CultureInfo.InvariantCulture));
    }
}
