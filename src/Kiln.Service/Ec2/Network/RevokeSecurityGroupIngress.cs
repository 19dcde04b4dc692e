using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Network;

/// <summary>Removes rules that let traffic in.</summary>
[Operation("ec2:RevokeSecurityGroupIngress")]
public sealed class RevokeSecurityGroupIngress(Db db)
    : IOperation<RevokeSecurityGroupIngress.Request, RevokeSecurityGroupIngress.Response>
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

        [Wire("SecurityGroupRuleId"), MaxLength(SecurityGroup.RulesMax)]
        public IReadOnlyList<string> SecurityGroupRuleIds { get; init; } = [];

        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        bool Return,
        [property: Wire("unknownIpPermissionSet")] IReadOnlyList<IpPermission> UnknownIpPermissions,
        [property: Wire("revokedSecurityGroupRuleSet")]
        IReadOnlyList<RevokedRuleItem> RevokedSecurityGroupRules);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var group = await FoundGroup.Of(db, call, request.GroupId, request.GroupName, cancel);
        await call.Authorize(group.Arn);
        var asked = new RuleRevocation(db, call, group, egress: false);
        await asked.Find(request.SecurityGroupRuleIds, request.IpPermissions, Single(request), cancel);
        await asked.Remove(cancel);
        await db.SaveChangesAsync(cancel);
        return new Response(true, IpPermission.Of(asked.Unknown, call.AccountId),
            [.. asked.Known.Select(RevokedRuleItem.Of)]);
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
