using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Deletes a security group that no interface and no other group's rule uses.</summary>
[Operation("ec2:DeleteSecurityGroup")]
public sealed class DeleteSecurityGroup(Db db) : IOperation<DeleteSecurityGroup.Request, DeleteSecurityGroup.Response>
{
    public sealed record Request
    {
        public string? GroupId { get; init; }
        public string? GroupName { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(bool Return, string GroupId);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var group = await FoundGroup.Of(db, call, request.GroupId, request.GroupName, cancel);
        await call.Authorize(group.Arn);
        if (group.Name == SecurityGroup.DefaultName)
            throw Ec2Error.CannotDelete(group.Id, group.Name);
        if (await db.InterfaceGroups.AnyAsync(g => g.GroupId == group.Id, cancel)
            || await db.SecurityGroupRules.AnyAsync(
                r => r.ReferencedGroupId == group.Id && r.GroupId != group.Id, cancel))
            throw Ec2Error.DependencyViolation(group.Id);
        foreach (var rule in group.Rules)
            await Tagging.Forget(db, rule.Id, cancel);
        await Tagging.Forget(db, group.Id, cancel);
        db.Remove(group);
        await db.SaveChangesAsync(cancel);
        return new Response(true, group.Id);
    }
}
