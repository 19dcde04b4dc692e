namespace Kiln.Service.Iam;

/// <summary>What a policy may be attached to.</summary>
public enum PrincipalKind
{
    /// <summary>An IAM user.</summary>
    User,

    /// <summary>A role.</summary>
    Role,
}
