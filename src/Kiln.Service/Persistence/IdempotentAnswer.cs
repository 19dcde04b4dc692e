using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Persistence;

/// <summary>The answer to a call that carried a client token, kept so that a repeated call gets it again.</summary>
/// <remarks>Follows the EC2 API Reference page "Ensuring idempotency". Committed with what the call changed.</remarks>
public sealed class IdempotentAnswer
{
    /// <summary>How long a token is remembered: EC2 promises no less for instances, and clients retry within
    /// minutes.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The caller's account.</summary>
    public required string AccountId { get; init; }

    /// <summary>The Region that was called.</summary>
    public required string Region { get; init; }

    /// <summary>The action, e.g. <c>ec2:CopyImage</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The client's token.</summary>
    public required string Token { get; init; }

    /// <summary>SHA-256 of the request without its token, in hex.</summary>
    public required string RequestDigest { get; init; }

    /// <summary>The request id inside <see cref="Body"/>, which a replay replaces.</summary>
    public required string RequestId { get; init; }

    /// <summary>HTTP status of the answer.</summary>
    public required int Status { get; init; }

    /// <summary>Content type of the answer.</summary>
    public string? ContentType { get; init; }

    /// <summary>The answer's body.</summary>
    public required byte[] Body { get; init; }

    /// <summary>When the call was answered, by the domain clock.</summary>
    public required DateTimeOffset AnsweredAt { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<IdempotentAnswer>
    {
        public void Configure(EntityTypeBuilder<IdempotentAnswer> builder)
        {
            builder.HasKey(a => new { a.AccountId, a.Region, a.Action, a.Token });
            builder.HasIndex(a => a.AnsweredAt);
        }
    }
}
