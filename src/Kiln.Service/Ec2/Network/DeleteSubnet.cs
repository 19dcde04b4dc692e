using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Deletes a subnet that no machine uses.</summary>
[Operation("ec2:DeleteSubnet")]
public sealed class DeleteSubnet(Db db) : IOperation<DeleteSubnet.Request, DeleteSubnet.Response>
{
    public sealed record Request
    {
        public required string SubnetId { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var subnet = await db.Subnets.SingleOrDefaultAsync(s => s.Id == request.SubnetId
                && s.AccountId == call.AccountId && s.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidSubnetIdNotFound(request.SubnetId);
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "subnet", subnet.Id));
        if (await db.NetworkInterfaces.AnyAsync(i => i.SubnetId == subnet.Id, cancel))
            throw Ec2Error.SubnetDependencyViolation(subnet.Id);
        await Tagging.Forget(db, subnet.Id, cancel);
        db.Remove(subnet);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
