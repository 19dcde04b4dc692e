using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Finds volumes: an account sees its own, and no others.</summary>
public static class VolumeAccess
{
    /// <summary>The caller's volume, tracked, with its attachments.</summary>
    /// <exception cref="AwsException">InvalidVolumeID.Malformed, InvalidVolume.NotFound.</exception>
    public static async Task<Volume> Owned(Db db, string volumeId, Call call, CancellationToken cancel)
    {
        CheckId(volumeId);
        return await db.Volumes.Include(v => v.Attachments).SingleOrDefaultAsync(
            v => v.Id == volumeId && v.Region == call.Region && v.AccountId == call.AccountId, cancel)
            ?? throw Ec2Error.InvalidVolumeNotFound(volumeId);
    }

    /// <summary>The caller's volumes of the Region.</summary>
    public static IQueryable<Volume> Owned(Db db, Call call) =>
        db.Volumes.Where(v => v.Region == call.Region && v.AccountId == call.AccountId);

    /// <summary>The ARN of a volume, for authorisation.</summary>
    public static string ArnOf(Call call, string volumeId) => Arn.Ec2(call.Region, call.AccountId, "volume", volumeId);

    /// <summary>Refuses ids that cannot be volumes', and reports the first that is not there.</summary>
    /// <param name="asked">The ids of the request.</param>
    /// <param name="present">Those that were found.</param>
    /// <exception cref="AwsException">InvalidVolume.NotFound.</exception>
    public static void CheckAll(IReadOnlyList<string> asked, IEnumerable<string> present)
    {
        if (asked.Except(present).FirstOrDefault() is { } absent)
            throw Ec2Error.InvalidVolumeNotFound(absent);
    }

    /// <summary>Refuses what cannot be a volume id.</summary>
    /// <exception cref="AwsException">InvalidVolumeID.Malformed.</exception>
    public static void CheckId(string volumeId)
    {
        if (!Ids.IsWellFormed("vol", volumeId))
            throw Ec2Error.InvalidVolumeIdMalformed(volumeId.Length <= 64 ? volumeId : volumeId[..64]);
    }
}
