using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Gives an instance that has none an instance profile; its metadata shows the role at once.</summary>
[Operation("ec2:AssociateIamInstanceProfile")]
public sealed class AssociateIamInstanceProfile(Db db, TimeProvider clock)
    : IOperation<AssociateIamInstanceProfile.Request, AssociateIamInstanceProfile.Response>
{
    public sealed record Request
    {
        public required LaunchProfile IamInstanceProfile { get; init; }
        public required string InstanceId { get; init; }
    }

    public sealed record Response(
        [property: Wire("iamInstanceProfileAssociation")] ProfileAssociation IamInstanceProfileAssociation);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, now, cancel);
        var profile = await request.IamInstanceProfile.Find(db, call, cancel);
        await LaunchProfile.CheckPass(db, profile, call, cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        if (instance.State is InstanceState.ShuttingDown or InstanceState.Terminated)
            throw Ec2Error.IncorrectInstanceState(instance.Id, instance.State.Text(), "given a profile");
        if (instance.ProfileAssociationId is not null)
            throw Ec2Error.IncorrectState($"There is an existing association for instance {instance.Id}");
        instance.Associate(profile, now);
        await db.SaveChangesAsync(cancel);
        return new Response(ProfileAssociation.Of(instance, "associating"));
    }
}
