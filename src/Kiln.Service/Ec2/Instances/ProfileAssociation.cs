using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>An instance profile on an instance. EC2 API Reference "IamInstanceProfileAssociation".</summary>
public sealed record ProfileAssociation(
    string AssociationId, string InstanceId, InstanceItem.ProfileItem IamInstanceProfile, string State,
    DateTimeOffset Timestamp)
{
    /// <summary>The association that an instance has.</summary>
    public static ProfileAssociation Of(Instance row, string state = "associated") => new(
        row.ProfileAssociationId!, row.Id,
        new InstanceItem.ProfileItem(row.IamInstanceProfileArn!, row.IamInstanceProfileId!), state,
        row.ProfileAssociatedAt!.Value);

    /// <summary>The caller's instance that has an association, tracked.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidAssociationID.NotFound.</exception>
    public static async Task<Instance> InstanceOf(
        Db db, string associationId, Call call, DateTimeOffset now, CancellationToken cancel) =>
        await Held(db, call, now).SingleOrDefaultAsync(i => i.ProfileAssociationId == associationId, cancel)
            ?? throw Ec2Error.InvalidAssociationIdNotFound(associationId);

    /// <summary>The caller's instances that have one; that of a terminated instance is gone.</summary>
    public static IQueryable<Instance> Held(Db db, Call call, DateTimeOffset now) =>
        InstanceAccess.Owned(db, call, now)
            .Where(i => i.ProfileAssociationId != null && i.State != InstanceState.Terminated);
}
