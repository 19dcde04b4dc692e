using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Which rules of a group a request takes away, and which of those it names are not there.</summary>
public sealed class RuleRevocation(Db db, Call call, SecurityGroup group, bool egress)
{
    /// <summary>Rules to remove.</summary>
    public IReadOnlyList<SecurityGroupRule> Known { get; private set; } = [];

    /// <summary>Rules that were named and are not there: told for the default VPC, refused in others.</summary>
    public IReadOnlyList<SecurityGroupRule> Unknown { get; private set; } = [];

    /// <summary>Finds the rules by id or by content.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidSecurityGroupRuleId.NotFound,
    /// InvalidPermission.NotFound, and what <see cref="RuleReader"/> refuses.</exception>
    public async Task Find(
        IReadOnlyList<string> ids, IReadOnlyList<IpPermission> permissions, IpPermission? single,
        CancellationToken cancel)
    {
        var rules = group.Rules.Where(r => r.IsEgress == egress).ToList();
        if (ids.Count > 0)
        {
            if (permissions.Count > 0 || single is not null)
                throw Ec2Error.InvalidParameterCombination("Give SecurityGroupRuleIds or permissions, not both.");
            Known = [.. ids.Distinct().Select(id => rules.Find(r => r.Id == id)
                ?? throw Ec2Error.InvalidSecurityGroupRuleIdNotFound(id))];
            return;
        }
        var asked = await new RuleReader(group, egress).Read(db, call, permissions, single, cancel);
        var byKey = rules.ToDictionary(r => r.Key);
        Known = [.. asked.Where(r => byKey.ContainsKey(r.Key)).Select(r => byKey[r.Key])];
        Unknown = [.. asked.Where(r => !byKey.ContainsKey(r.Key))];
        if (Unknown.Count > 0 && !await db.Vpcs.AnyAsync(v => v.Id == group.VpcId && v.IsDefault, cancel))
            throw Ec2Error.InvalidPermissionNotFound();
    }

    /// <summary>Removes what was found; not yet committed.</summary>
    public async Task Remove(CancellationToken cancel)
    {
        foreach (var rule in Known)
            await Tagging.Forget(db, rule.Id, cancel);
        db.RemoveRange(Known);
    }
}
