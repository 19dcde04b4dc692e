using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>An instance profile as a launch names it. EC2 API Reference "IamInstanceProfileSpecification".</summary>
public sealed record LaunchProfile
{
    /// <summary>The ARN; or the name below.</summary>
    public string? Arn { get; init; }

    /// <summary>The name.</summary>
    public string? Name { get; init; }

    /// <summary>Refuses a caller who may not hand the profile's role to EC2. IAM User Guide "Grant a user permissions
    /// to pass a role to an AWS service".</summary>
    /// <exception cref="AwsException">UnauthorizedOperation.</exception>
    public static async Task CheckPass(Db db, InstanceProfile profile, Call call, CancellationToken cancel)
    {
        if (profile.RoleName is not { } name
            || await db.Roles.FindAsync([profile.AccountId, name], cancel) is not { } role)
            return;
        const string action = "iam:PassRole";
        call.About(role.Arn).Set("iam:PassedToService", "ec2.amazonaws.com");
        if (!await call.MayAsync(action, role.Arn))
            throw call.Denied(action, role.Arn);
    }

    /// <summary>Finds the profile in the caller's account.</summary>
    /// <exception cref="AwsException">InvalidParameterCombination; InvalidParameterValue: there is none.</exception>
    public async Task<InstanceProfile> Find(Db db, Call call, CancellationToken cancel)
    {
        if (Arn is not null && Name is not null)
            throw Ec2Error.InvalidParameterCombination(
                "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'");
        var given = Arn ?? Name ?? throw Ec2Error.MissingParameter("IamInstanceProfile.Name");
        var name = given[(given.LastIndexOf('/') + 1)..].ToLowerInvariant();
        var found = await db.InstanceProfiles.AsNoTracking().SingleOrDefaultAsync(
            p => p.AccountId == call.AccountId && p.LowerName == name, cancel);
        return found is not null && (Arn is null ? found.Name == given : found.Arn == Arn)
            ? found
            : throw Ec2Error.InvalidInstanceProfile(given, byArn: Arn is not null);
    }
}
