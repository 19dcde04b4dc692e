using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>The parameter whose tags a call is about.</summary>
internal static class TaggedParameter
{
    /// <summary>The ARN of the one that is named, for authorising.</summary>
    /// <exception cref="AwsException">InvalidResourceType: no parameter; InvalidResourceId: not the caller's.
    /// </exception>
    public static string ArnOf(ResourceTypeForTagging type, string id, Call call)
    {
        if (type != ResourceTypeForTagging.Parameter)
            throw SsmError.Of("InvalidResourceType", $"Kiln has tags on parameters only, not of the type {type}.");
        return Arn.Parameter(call.Region, call.AccountId, NameOf(id, call));
    }

    /// <summary>Its newest version, which has the tags, tracked.</summary>
    /// <exception cref="AwsException">InvalidResourceId.</exception>
    public static async Task<ParameterVersion> Find(Db db, string id, Call call, CancellationToken cancel)
    {
        var name = NameOf(id, call);
        return await db.ParameterVersions.SingleOrDefaultAsync(p => p.AccountId == call.AccountId
            && p.Region == call.Region && p.Name == name && p.IsCurrent, cancel) ?? throw Unknown();
    }

    private static string NameOf(string id, Call call)
    {
        var name = ParameterName.Parse(id, call);
        return name.Selector is null && name.AccountId == call.AccountId ? name.Name : throw Unknown();
    }

    private static AwsException Unknown() => SsmError.Of("InvalidResourceId",
        "The resource ID isn't valid. Verify that you entered the correct ID and try again.");
}
