using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A command on one instance; moved on by <see cref="InvocationReconciler"/>.</summary>
public sealed class Invocation : Entity
{
    /// <summary>What is kept of the output and of the errors: as much as AWS shows.</summary>
    public const int OutputMax = 24_000, ErrorMax = 8_000;

    // What AWS's agent ends a text with that it has cut.
    private const string CutMark = "--output truncated--";

    /// <summary>The command.</summary>
    [MaxLength(36)]
    public required string CommandId { get; init; }

    /// <summary>The instance.</summary>
    [MaxLength(24)]
    public required string InstanceId { get; init; }

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>Sorts the newest first; unique.</summary>
    [MaxLength(96)]
    public required string Order { get; init; }

    /// <summary>The instance's name when the command was sent.</summary>
    [MaxLength(256)]
    public required string InstanceName { get; init; }

    /// <summary>The state; moved by <see cref="Become"/>.</summary>
    public CommandStatus Status { get; private set; }

    /// <summary>The state in more words, e.g. <c>DeliveryTimedOut</c>.</summary>
    [MaxLength(32)]
    public string StatusDetails { get; private set; } = nameof(CommandStatus.Pending);

    /// <summary>The script's exit code; -1 until it has ended.</summary>
    public int ResponseCode { get; private set; } = -1;

    /// <summary>Its output.</summary>
    [MaxLength(OutputMax)]
    public string Output { get; private set; } = "";

    /// <summary>Its errors.</summary>
    [MaxLength(ErrorMax)]
    public string Error { get; private set; } = "";

    /// <summary>The number by which the agent knows what runs.</summary>
    public long? Pid { get; set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>When its cancellation was asked for.</summary>
    public DateTimeOffset? CancelledAt { get; set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Whether it is at its end.</summary>
    public bool HasEnded => Status is not
        (CommandStatus.Pending or CommandStatus.InProgress or CommandStatus.Cancelling);

    /// <summary>Whether it counts against the command's MaxErrors: what was never delivered does not.</summary>
    public bool IsError => Status is CommandStatus.Failed or CommandStatus.TimedOut && StartedAt is not null;

    /// <summary>Whether a state may follow another.</summary>
    public static bool MayBecome(CommandStatus from, CommandStatus to) => (from, to) switch
    {
        (CommandStatus.Pending, CommandStatus.InProgress or CommandStatus.Cancelled or CommandStatus.Failed
            or CommandStatus.TimedOut) => true,
        (CommandStatus.InProgress, CommandStatus.Success or CommandStatus.Failed or CommandStatus.TimedOut
            or CommandStatus.Cancelling) => true,
        (CommandStatus.Cancelling, CommandStatus.Success or CommandStatus.Cancelled or CommandStatus.Failed
            or CommandStatus.TimedOut) => true,
        _ => false,
    };

    /// <summary>Moves to a state.</summary>
    /// <exception cref="UnreachableException">The state may not follow the present one.</exception>
    public void Become(CommandStatus status, string details, DateTimeOffset now)
    {
        if (!MayBecome(Status, status))
            throw new UnreachableException($"Invocation {CommandId} on {InstanceId}: from {Status} to {status}.");
        Status = status;
        StatusDetails = details;
        if (status == CommandStatus.InProgress)
            StartedAt = now;
        if (HasEnded)
            EndedAt = now;
    }

    /// <summary>Keeps what a script left.</summary>
    public void Keep(int responseCode, string output, string error)
    {
        ResponseCode = responseCode;
        // NUL is no text for PostgreSQL.
        Output = Cut(output.Replace('\0', '\uFFFD'), OutputMax, CutMark);
        Error = Cut(error.Replace('\0', '\uFFFD'), ErrorMax, CutMark);
    }

    /// <summary>As much of a text as there is room for, with a mark where it was cut: never in the middle of a
    /// pair.</summary>
    internal static string Cut(string text, int most, string mark)
    {
        if (text.Length <= most)
            return text;
        var end = most - mark.Length;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), mark);
    }

    private sealed class Configuration : IEntityTypeConfiguration<Invocation>
    {
        public void Configure(EntityTypeBuilder<Invocation> builder)
        {
            builder.HasKey(i => new { i.CommandId, i.InstanceId });
            builder.HasIndex(i => new { i.AccountId, i.Region, i.Order });
        }
    }
}
