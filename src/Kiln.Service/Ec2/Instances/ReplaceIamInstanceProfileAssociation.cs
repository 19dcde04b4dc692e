using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Gives an instance another profile by a new association.</summary>
[Operation("ec2:ReplaceIamInstanceProfileAssociation")]
public sealed class ReplaceIamInstanceProfileAssociation(Db db, TimeProvider clock)
    : IOperation<ReplaceIamInstanceProfileAssociation.Request, ReplaceIamInstanceProfileAssociation.Response>
{
    public sealed record Request
    {
        public required LaunchProfile IamInstanceProfile { get; init; }
        public required string AssociationId { get; init; }
    }

    public sealed record Response(
        [property: Wire("iamInstanceProfileAssociation")] ProfileAssociation IamInstanceProfileAssociation);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instance = await ProfileAssociation.InstanceOf(db, request.AssociationId, call, now, cancel);
        var profile = await request.IamInstanceProfile.Find(db, call, cancel);
        await LaunchProfile.CheckPass(db, profile, call, cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        instance.Associate(profile, now);
        await db.SaveChangesAsync(cancel);
        return new Response(ProfileAssociation.Of(instance, "associating"));
    }
}
