using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Finds the security group that a request means: by id, or by name in the default VPC.</summary>
public static class FoundGroup
{
    /// <summary>The group with its rules.</summary>
    /// <exception cref="Protocol.Errors.AwsException">MissingParameter, InvalidParameterCombination,
    /// InvalidGroupId.Malformed, InvalidGroup.NotFound, VPCIdNotSpecified.</exception>
    public static async Task<SecurityGroup> Of(
        Db db, Call call, string? id, string? name, CancellationToken cancel)
    {
        if (id is not null && name is not null)
            throw Ec2Error.InvalidParameterCombination("Give GroupId or GroupName, not both.");
        var groups = db.SecurityGroups.Include(g => g.Rules)
            .Where(g => g.Region == call.Region && g.AccountId == call.AccountId);
        if (id is not null)
        {
            CheckId(id);
            await DefaultNetwork.Ensure(db, call, cancel);
            return await groups.SingleOrDefaultAsync(g => g.Id == id, cancel)
                ?? throw Ec2Error.InvalidGroupNotFound(id);
        }
        if (name is null)
            throw Ec2Error.MissingParameter("groupId");
        var vpc = await DefaultNetwork.Find(db, call, cancel);
        return await groups.SingleOrDefaultAsync(g => g.VpcId == vpc.Id && g.Name == name, cancel)
            ?? throw Ec2Error.InvalidGroupNotFound(name, vpc.Id);
    }

    /// <summary>Checks the form of a group id.</summary>
    public static void CheckId(string id)
    {
        if (!Ids.IsWellFormed("sg", id))
            throw Ec2Error.InvalidGroupIdMalformed(id);
    }
}
