namespace Kiln.Service.Kms;

/// <summary>A grant as the API shows it. KMS API Reference "GrantListEntry".</summary>
public sealed record GrantListEntry
{
    public string? KeyId { get; init; }

    public string? GrantId { get; init; }

    public string? Name { get; init; }

    public DateTimeOffset? CreationDate { get; init; }

    public string? GranteePrincipal { get; init; }

    public string? RetiringPrincipal { get; init; }

    public string? IssuingAccount { get; init; }

    public IReadOnlyList<GrantOperation> Operations { get; init; } = [];

    public GrantConstraints? Constraints { get; init; }

    internal static GrantListEntry Of(Grant grant) => new()
    {
        KeyId = grant.KeyArn,
        GrantId = grant.Id,
        Name = grant.Name,
        CreationDate = grant.CreationDate,
        GranteePrincipal = grant.GranteePrincipal,
        RetiringPrincipal = grant.RetiringPrincipal,
        IssuingAccount = grant.IssuingAccount,
        Operations = [.. grant.Operations.Select(Enum.Parse<GrantOperation>)],
        Constraints = grant.ContextSubset is null && grant.ContextEquals is null ? null : new GrantConstraints
        {
            EncryptionContextSubset = grant.ContextSubset,
            EncryptionContextEquals = grant.ContextEquals,
        },
    };
}
