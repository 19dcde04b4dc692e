using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists rules of the account's security groups in a Region.</summary>
[Operation("ec2:DescribeSecurityGroupRules")]
public sealed class DescribeSecurityGroupRules(Db db, Paging paging)
    : IOperation<DescribeSecurityGroupRules.Request, DescribeSecurityGroupRules.Response>
{
    private static readonly FilterSet<SecurityGroupRule> Filters = new FilterSet<SecurityGroupRule>()
        .Text("group-id", r => r.GroupId)
        .Text("security-group-rule-id", r => r.Id)
        .Tags(r => r.Id);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];

        [Wire("SecurityGroupRuleId")]
        public IReadOnlyList<string> SecurityGroupRuleIds { get; init; } = [];

        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("securityGroupRuleSet")] IReadOnlyList<SecurityGroupRuleItem> SecurityGroupRules,
        string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var own = db.SecurityGroups.Where(g => g.Region == call.Region && g.AccountId == call.AccountId)
            .Select(g => g.Id);
        var rows = db.SecurityGroupRules.AsNoTracking().Where(r => own.Contains(r.GroupId));
        rows = await Given.Narrow(
            rows, request.SecurityGroupRuleIds, r => r.Id, Ec2Error.InvalidSecurityGroupRuleIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, r => r.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(r => r.Id)], cancel);
        return new Response(
            [.. page.Rows.Select(r => SecurityGroupRuleItem.Of(r, call.Region, call.AccountId, tags.Of(r.Id)))],
            page.NextToken);
    }
}
