using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>The rules for an image's name, and for how many images an account may have.</summary>
public static partial class ImageNames
{
    /// <summary>Refuses what cannot be a name: 3 to 128 letters, digits, spaces and some punctuation.</summary>
    /// <exception cref="AwsException">InvalidAMIName.Malformed.</exception>
    public static void Check(string name)
    {
        if (!Allowed().IsMatch(name))
            throw Ec2Error.InvalidAmiNameMalformed();
    }

    /// <summary>Refuses a name that is taken, and one image more than the quota.</summary>
    /// <remarks>The unique index is what holds; this look makes the common answer exact.</remarks>
    /// <exception cref="AwsException">InvalidAMIName.Duplicate, ResourceLimitExceeded.</exception>
    public static async Task CheckFree(Db db, string name, Call call, ServiceOptions options, CancellationToken cancel)
    {
        var own = db.Images.Where(i => i.AccountId == call.AccountId && i.Region == call.Region);
        if (await own.Where(i => i.NameKey == name).Select(i => i.Id).SingleOrDefaultAsync(cancel) is { } other)
            throw Ec2Error.InvalidAmiNameDuplicate(name, other);
        await db.Limit($"images/{call.AccountId}/{call.Region}", own.Where(i => i.NameKey != null),
            options.ImagesPerRegion, more: 1, () => Ec2Error.ResourceLimitExceeded(
                $"You have reached your quota of {options.ImagesPerRegion} AMIs in {call.Region}. " +
                "Deregister some, or raise the quota."), cancel);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9 ()\[\]./'@_-]{3,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
