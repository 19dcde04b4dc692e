using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Takes an instance's profile; keys that it has hold until their end, as on EC2.</summary>
[Operation("ec2:DisassociateIamInstanceProfile")]
public sealed class DisassociateIamInstanceProfile(Db db, TimeProvider clock)
    : IOperation<DisassociateIamInstanceProfile.Request, DisassociateIamInstanceProfile.Response>
{
    public sealed record Request
    {
        public required string AssociationId { get; init; }
    }

    public sealed record Response(
        [property: Wire("iamInstanceProfileAssociation")] ProfileAssociation IamInstanceProfileAssociation);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instance = await ProfileAssociation.InstanceOf(db, request.AssociationId, call, now, cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        var gone = ProfileAssociation.Of(instance, "disassociating");
        instance.Associate(null, now);
        await db.SaveChangesAsync(cancel);
        return new Response(gone);
    }
}
