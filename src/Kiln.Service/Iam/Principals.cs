using Kiln.Service.Calls;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam;

/// <summary>The principals that policies on resources and roles name.</summary>
internal static class Principals
{
    /// <summary>The first user or role named by a policy that does not exist, or null.</summary>
    /// <remarks>Accounts are not looked up: a development installation has every account.</remarks>
    public static async Task<string?> FirstMissing(Db db, PolicyDocument policy, CancellationToken cancel)
    {
        var names = policy.Statements.SelectMany(s => s.Principal?.Aws ?? []).Distinct();
        foreach (var name in names)
        {
            if (!await Exists(db, name, cancel))
                return name;
        }
        return null;
    }

    /// <summary>Whether an account, user, role or session of a role is there.</summary>
    public static async Task<bool> Exists(Db db, string name, CancellationToken cancel)
    {
        if (name == "*" || Ids.IsAccountId(name))
            return true;
        if (name.Split(':', 6) is not ["arn", "aws", "iam" or "sts", "", var account, var resource])
        {
            return await db.Roles.AnyAsync(r => r.Id == name, cancel)
                || await db.Users.AnyAsync(u => u.Id == name, cancel);
        }
        var last = resource[(resource.LastIndexOf('/') + 1)..];
        return resource.Split('/')[0] switch
        {
            "root" => true,
            "role" => await db.Roles.SingleOrDefaultAsync(r => r.AccountId == account && r.Name == last, cancel)
                is { } role && role.Arn == name,
            "user" => await db.Users.SingleOrDefaultAsync(u => u.AccountId == account && u.Name == last, cancel)
                is { } user && user.Arn == name,
            "assumed-role" when resource.Split('/') is [_, var roleName, _] =>
                await db.Roles.AnyAsync(r => r.AccountId == account && r.Name == roleName, cancel),
            _ => false,
        };
    }
}
