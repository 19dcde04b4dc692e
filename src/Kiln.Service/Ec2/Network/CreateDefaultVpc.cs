using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Makes the default VPC anew after its owner deleted it.</summary>
[Operation("ec2:CreateDefaultVpc")]
public sealed class CreateDefaultVpc(Db db) : IOperation<CreateDefaultVpc.Request, CreateDefaultVpc.Response>
{
    public sealed record Request
    {
        public bool? DryRun { get; init; }
    }

    public sealed record Response(VpcItem Vpc);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "vpc", "*"));
        var network = await DefaultNetwork.Ensure(db, call, cancel);
        if (await db.Vpcs.AnyAsync(
            v => v.AccountId == call.AccountId && v.Region == call.Region && v.IsDefault, cancel))
            throw Ec2Error.DefaultVpcAlreadyExists();
        var vpc = DefaultNetwork.Add(db, call, network.DhcpOptionsId);
        await db.SaveChangesAsync(cancel);
        return new Response(VpcItem.Of(vpc, []));
    }
}
