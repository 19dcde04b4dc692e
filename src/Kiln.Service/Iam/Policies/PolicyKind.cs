namespace Kiln.Service.Iam.Policies;

/// <summary>Where a policy is attached, which decides on the elements it may have.</summary>
public enum PolicyKind
{
    /// <summary>To a user, role or session: no Principal.</summary>
    Identity,

    /// <summary>To a resource such as a key: Principal and Resource.</summary>
    Resource,

    /// <summary>To a role, saying who may assume it: Principal, no Resource.</summary>
    Trust,
}
