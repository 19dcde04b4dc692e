using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>An alias as the API shows it. KMS API Reference "AliasListEntry".</summary>
public sealed record AliasListEntry
{
    public string? AliasName { get; init; }

    public string? AliasArn { get; init; }

    public string? TargetKeyId { get; init; }

    public DateTimeOffset? CreationDate { get; init; }

    public DateTimeOffset? LastUpdatedDate { get; init; }

    internal static AliasListEntry Of(Alias alias) => new()
    {
        AliasName = alias.Name,
        AliasArn = Arn.Alias(alias.Region, alias.AccountId, alias.Name),
        TargetKeyId = alias.TargetKeyId,
        CreationDate = alias.CreationDate,
        LastUpdatedDate = alias.LastUpdatedDate,
    };
}
