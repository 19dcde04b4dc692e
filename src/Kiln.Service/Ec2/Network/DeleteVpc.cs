using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Deletes an empty VPC with its default security group.</summary>
/// <remarks>The default VPC's gateway goes with it: Kiln has no operation to detach one.</remarks>
[Operation("ec2:DeleteVpc")]
public sealed class DeleteVpc(Db db) : IOperation<DeleteVpc.Request, DeleteVpc.Response>
{
    public sealed record Request
    {
        public required string VpcId { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await DefaultNetwork.Ensure(db, call, cancel);
        var vpc = await db.Vpcs.SingleOrDefaultAsync(v => v.Id == request.VpcId
                && v.AccountId == call.AccountId && v.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidVpcIdNotFound(request.VpcId);
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "vpc", vpc.Id));
        var groups = await db.SecurityGroups.Include(g => g.Rules).Where(g => g.VpcId == vpc.Id).ToListAsync(cancel);
        if (groups.Exists(g => g.Name != SecurityGroup.DefaultName)
            || await db.Subnets.AnyAsync(s => s.VpcId == vpc.Id, cancel))
            throw Ec2Error.VpcDependencyViolation(vpc.Id);
        string?[] gone =
        [
            vpc.Id, vpc.RouteTableId, vpc.InternetGatewayId,
            .. groups.Select(g => g.Id), .. groups.SelectMany(g => g.Rules).Select(r => r.Id),
        ];
        foreach (var id in gone.OfType<string>())
            await Tagging.Forget(db, id, cancel);
        db.RemoveRange(groups);
        db.Remove(vpc);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
