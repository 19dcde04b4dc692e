using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A command as a whole. Systems Manager API Reference "Command".</summary>
public sealed record CommandItem
{
    /// <summary>A UUID.</summary>
    public required string CommandId { get; init; }

    /// <summary>The document.</summary>
    public required string DocumentName { get; init; }

    /// <summary>Its version as it was asked for.</summary>
    public required string DocumentVersion { get; init; }

    /// <summary>The comment.</summary>
    public required string Comment { get; init; }

    /// <summary>When it has ended everywhere.</summary>
    public required DateTimeOffset ExpiresAfter { get; init; }

    /// <summary>The document's parameters.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; init; }

    /// <summary>The instances that were named.</summary>
    public required IReadOnlyList<string> InstanceIds { get; init; }

    /// <summary>The targets that were named.</summary>
    public required IReadOnlyList<Target> Targets { get; init; }

    /// <summary>When it was sent.</summary>
    public required DateTimeOffset RequestedDateTime { get; init; }

    /// <summary>Where it stands.</summary>
    public required CommandStatus Status { get; init; }

    /// <summary>In more words.</summary>
    public required string StatusDetails { get; init; }

    /// <summary>How many at once.</summary>
    public required string MaxConcurrency { get; init; }

    /// <summary>How many may fail.</summary>
    public required string MaxErrors { get; init; }

    /// <summary>Instances.</summary>
    public required int TargetCount { get; init; }

    /// <summary>Instances where it has ended.</summary>
    public required int CompletedCount { get; init; }

    /// <summary>Instances where it failed.</summary>
    public required int ErrorCount { get; init; }

    /// <summary>Instances that it did not reach in time.</summary>
    public required int DeliveryTimedOutCount { get; init; }

    /// <summary>How long it may wait for an instance.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <summary>A command with what became of it.</summary>
    internal static CommandItem Of(RunCommand command, IReadOnlyCollection<Invocation> invocations)
    {
        var (status, details) = StatusOf(command, invocations);
        return new CommandItem
        {
            CommandId = command.Id,
            DocumentName = command.DocumentName,
            DocumentVersion = command.DocumentVersion,
            Comment = command.Comment,
            ExpiresAfter = command.ExpiresAt,
            Parameters = command.Parameters,
            InstanceIds = command.InstanceIds,
            Targets = command.Targets,
            RequestedDateTime = command.RequestedAt,
            Status = status,
            StatusDetails = details,
            MaxConcurrency = command.MaxConcurrency,
            MaxErrors = command.MaxErrors,
            TargetCount = invocations.Count,
            CompletedCount = invocations.Count(i => i.HasEnded),
            ErrorCount = invocations.Count(i => i.IsError),
            DeliveryTimedOutCount = invocations.Count(i => i.StatusDetails == "DeliveryTimedOut"),
            TimeoutSeconds = command.TimeoutSeconds,
        };
    }

    // Systems Manager User Guide "Understanding command statuses": what is too much by MaxErrors is the command's
    // outcome; what is less leaves it incomplete.
    private static (CommandStatus Status, string Details) StatusOf(
        RunCommand command, IReadOnlyCollection<Invocation> invocations)
    {
        if (invocations.Count == 0)
            return (CommandStatus.Success, "NoInstancesInTag");
        if (invocations.Any(i => !i.HasEnded))
        {
            return invocations.Any(i => i is { HasEnded: false, CancelledAt: not null })
                ? (CommandStatus.Cancelling, "Cancelling")
                : invocations.All(i => i.Status == CommandStatus.Pending) ? (CommandStatus.Pending, "Pending")
                : (CommandStatus.InProgress, "InProgress");
        }
        var most = RunCommand.Limit(command.MaxErrors, invocations.Count, least: 0);
        var errors = invocations.Where(i => i.IsError).ToList();
        if (errors.Count > most)
        {
            return errors.Exists(i => i.Status == CommandStatus.Failed) ? (CommandStatus.Failed, "Failed")
                : (CommandStatus.TimedOut, "ExecutionTimedOut");
        }
        if (invocations.Any(i => i.Status == CommandStatus.Cancelled))
            return (CommandStatus.Cancelled, "Cancelled");
        if (invocations.Count(i => i.StatusDetails == "DeliveryTimedOut") > most)
            return (CommandStatus.TimedOut, "DeliveryTimedOut");
        var worst = invocations.Max(i => i.Status);
        return worst == CommandStatus.Success ? (worst, "Success") : (worst, "Incomplete");
    }
}
