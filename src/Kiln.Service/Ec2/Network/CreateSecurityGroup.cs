using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Makes a security group that lets everything out and nothing in.</summary>
[Operation("ec2:CreateSecurityGroup")]
public sealed class CreateSecurityGroup(Db db) : IOperation<CreateSecurityGroup.Request, CreateSecurityGroup.Response>
{
    private const string Accepted = @"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*";

    public sealed record Request
    {
        [Wire("GroupDescription"), MaxLength(255), RegularExpression(Accepted)]
        public required string Description { get; init; }

        [MaxLength(255), RegularExpression(Accepted)] public required string GroupName { get; init; }
        public string? VpcId { get; init; }
        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        string GroupId, string SecurityGroupArn, [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.GroupName.StartsWith("sg-", StringComparison.Ordinal))
            throw Ec2Error.InvalidParameterValue(
                request.GroupName, "groupName", "Group names may not be in the format sg-*.");
        var tags = Tagging.Read(call, request.TagSpecifications, "security-group");
        var vpc = await Vpc(request.VpcId, call, cancel);
        await call.Authorize(
            Arn.Ec2(call.Region, call.AccountId, "security-group", "*"),
            Arn.Ec2(call.Region, call.AccountId, "vpc", vpc.Id));
        if (request.GroupName == SecurityGroup.DefaultName)
            throw Ec2Error.InvalidGroupReserved(request.GroupName);
        if (await db.SecurityGroups.AnyAsync(g => g.VpcId == vpc.Id && g.Name == request.GroupName, cancel))
            throw Ec2Error.InvalidGroupDuplicate(request.GroupName, vpc.Id);
        await db.Limit($"security groups/{call.AccountId}/{call.Region}",
            db.SecurityGroups.Where(g => g.Region == call.Region && g.AccountId == call.AccountId),
            SecurityGroup.PerRegionMax, more: 1,
            () => Ec2Error.NetworkLimitExceeded(
                "SecurityGroupLimitExceeded", "security groups", SecurityGroup.PerRegionMax), cancel);
        var group = new SecurityGroup
        {
            Id = Ids.New("sg"),
            Region = call.Region,
            AccountId = call.AccountId,
            VpcId = vpc.Id,
            Name = request.GroupName,
            Description = request.Description,
        };
        group.Rules.Add(SecurityGroupRule.AllOut(group.Id));
        db.Add(group);
        tags.AddTo(db, "security-group", group.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(group.Id, group.Arn, tags.For("security-group"));
    }

    private async Task<Vpc> Vpc(string? id, Call call, CancellationToken cancel)
    {
        if (id is null)
            return await DefaultNetwork.Find(db, call, cancel);
        await DefaultNetwork.Ensure(db, call, cancel);
        return await db.Vpcs.SingleOrDefaultAsync(
            v => v.Id == id && v.AccountId == call.AccountId && v.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidVpcIdNotFound(id);
    }
}
