using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A command that was sent to instances; one <see cref="Invocation"/> for each. Immutable.</summary>
public sealed class RunCommand : Entity
{
    /// <summary>A UUID.</summary>
    [Key, MaxLength(36)]
    public required string Id { get; init; }

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>Sorts the newest first; unique.</summary>
    [MaxLength(64)]
    public required string Order { get; init; }

    /// <summary>The document.</summary>
    [MaxLength(128)]
    public required string DocumentName { get; init; }

    /// <summary>The document's version as it was asked for.</summary>
    [MaxLength(16)]
    public required string DocumentVersion { get; init; }

    /// <summary>Up to 100 characters.</summary>
    [MaxLength(100)]
    public required string Comment { get; init; }

    /// <summary>The document's parameters as they were given.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; init; }

    /// <summary>The instances that were named.</summary>
    public required IReadOnlyList<string> InstanceIds { get; init; }

    /// <summary>The targets that were named.</summary>
    public required IReadOnlyList<Target> Targets { get; init; }

    /// <summary>When it was sent.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>How long it may wait for an instance.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <summary>How many instances run it at once: a number, or a share of them.</summary>
    [MaxLength(7)]
    public required string MaxConcurrency { get; init; }

    /// <summary>How many may fail before no more begin.</summary>
    [MaxLength(7)]
    public required string MaxErrors { get; init; }

    /// <summary>When it is no longer delivered.</summary>
    public DateTimeOffset DeliveredUntil => RequestedAt.AddSeconds(TimeoutSeconds);

    /// <summary>When it has ended everywhere: the time for delivery and that for the script.</summary>
    public DateTimeOffset ExpiresAt => DeliveredUntil.AddSeconds(ShellScript.Seconds(Parameters));

    /// <summary>The order of something sent now: the newest sorts first.</summary>
    public static string NewestFirst(DateTimeOffset now, string id) => string.Create(
        CultureInfo.InvariantCulture, $"{9_999_999_999_999 - now.ToUnixTimeMilliseconds():D13}-{id}");

    /// <summary>A limit in instances.</summary>
    /// <param name="limit">A number or a percentage.</param>
    /// <param name="targets">How many instances there are.</param>
    /// <param name="least">What a percentage is at least.</param>
    public static int Limit(string limit, int targets, int least)
    {
        var isShare = limit.EndsWith('%');
        var number = int.Parse(limit.TrimEnd('%'), CultureInfo.InvariantCulture);
        return isShare ? Math.Max(least, targets * number / 100) : number;
    }

    private sealed class Configuration : IEntityTypeConfiguration<RunCommand>
    {
        public void Configure(EntityTypeBuilder<RunCommand> builder)
        {
            builder.HasIndex(c => new { c.AccountId, c.Region, c.Order });
            builder.Property(c => c.Parameters).HasJson();
            builder.Property(c => c.InstanceIds).HasJson();
            builder.Property(c => c.Targets).HasJson();
        }
    }
}
