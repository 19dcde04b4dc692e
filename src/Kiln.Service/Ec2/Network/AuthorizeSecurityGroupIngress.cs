using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Network;

/// <summary>Adds rules that let traffic in.</summary>
[Operation("ec2:AuthorizeSecurityGroupIngress")]
public sealed class AuthorizeSecurityGroupIngress(Db db)
    : IOperation<AuthorizeSecurityGroupIngress.Request, AuthorizeSecurityGroupIngress.Response>
{
    public sealed record Request
    {
        public string? GroupId { get; init; }
        public string? GroupName { get; init; }
        public string? IpProtocol { get; init; }
        public int? FromPort { get; init; }
        public int? ToPort { get; init; }
        public string? CidrIp { get; init; }
        public string? SourceSecurityGroupName { get; init; }
        public string? SourceSecurityGroupOwnerId { get; init; }

        [Wire("IpPermissions"), MaxLength(SecurityGroup.RulesMax)]
        public IReadOnlyList<IpPermission> IpPermissions { get; init; } = [];

        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        bool Return,
        [property: Wire("securityGroupRuleSet")] IReadOnlyList<SecurityGroupRuleItem> SecurityGroupRules);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        const string type = "security-group-rule";
        var tags = Tagging.Read(call, request.TagSpecifications, type);
        var group = await FoundGroup.Of(db, call, request.GroupId, request.GroupName, cancel);
        await call.Authorize(group.Arn);
        var rules = await new RuleReader(group, egress: false)
            .Read(db, call, request.IpPermissions, Single(request), cancel);
        var known = group.Rules.Select(r => r.Key).ToHashSet();
        if (rules.FirstOrDefault(r => known.Contains(r.Key)) is { } twice)
            throw Ec2Error.InvalidPermissionDuplicate(RuleReader.Text(twice));
        await group.LimitRules(db, isEgress: false, rules.Count, cancel);
        db.AddRange(rules);
        foreach (var rule in rules)
            tags.AddTo(db, type, rule.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(true,
            [.. rules.Select(r => SecurityGroupRuleItem.Of(r, call.Region, call.AccountId, tags.For(type)))]);
    }

    private static IpPermission? Single(Request request) =>
        (request.IpProtocol ?? request.CidrIp ?? request.SourceSecurityGroupName) is null
            ? null
            : new IpPermission
            {
                IpProtocol = request.IpProtocol,
                FromPort = request.FromPort,
                ToPort = request.ToPort,
                IpRanges = request.CidrIp is { } cidr ? [new IpPermission.IpRange { CidrIp = cidr }] : [],
                UserIdGroupPairs = request.SourceSecurityGroupName is { } name
                    ? [new IpPermission.UserIdGroupPair
                    {
                        GroupName = name, UserId = request.SourceSecurityGroupOwnerId,
                    }]
                    : [],
            };
}
