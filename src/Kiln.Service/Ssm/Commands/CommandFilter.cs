using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A filter of commands. Systems Manager API Reference "CommandFilter".</summary>
public sealed record CommandFilter
{
    /// <summary><c>InvokedAfter</c>, <c>InvokedBefore</c>, <c>Status</c>, <c>DocumentName</c>, and of commands
    /// <c>ExecutionStage</c>.</summary>
    [Wire("key")]
    public required string Key { get; init; }

    /// <summary>The value.</summary>
    [Wire("value"), Length(1, 128)]
    public required string Value { get; init; }

    // As the API Reference lists them; what Kiln never says is no mistake, but matches nothing.
    private static readonly string[] Statuses =
    [
        "Pending", "InProgress", "Success", "Cancelled", "Failed", "TimedOut", "AccessDenied", "DeliveryTimedOut",
        "ExecutionTimedOut",
    ];

    private static readonly string[] CommandStatuses = [.. Statuses, "Incomplete", "NoInstancesInTag", "LimitExceeded"];

    private static readonly string[] InvocationStatuses =
        [.. Statuses, "Delayed", "Undeliverable", "InvalidPlatform", "Terminated"];

    /// <summary>What a command must be to pass all filters.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidFilterKey, ValidationException.</exception>
    internal static Func<CommandItem, bool> OfCommands(IReadOnlyList<CommandFilter> filters)
    {
        Check(filters, CommandStatuses, takesStage: true);
        return c => filters.All(f => f.Key == "ExecutionStage"
            ? f.Value == (c.CompletedCount == c.TargetCount ? "Complete" : "Executing")
            : f.Passes(c.RequestedDateTime, c.Status, c.StatusDetails, c.DocumentName));
    }

    /// <summary>What a command on an instance must be to pass all filters.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidFilterKey, ValidationException.</exception>
    internal static Func<CommandInvocationItem, bool> OfInvocations(IReadOnlyList<CommandFilter> filters)
    {
        Check(filters, InvocationStatuses, takesStage: false);
        return i => filters.All(f => f.Passes(i.RequestedDateTime, i.Status, i.StatusDetails, i.DocumentName));
    }

    private static void Check(IReadOnlyList<CommandFilter> filters, string[] statuses, bool takesStage)
    {
        foreach (var filter in filters)
        {
            var isValid = filter.Key switch
            {
                "InvokedAfter" or "InvokedBefore" => filter.Time() is not null,
                "Status" => statuses.Contains(filter.Value),
                "DocumentName" => true,
                "ExecutionStage" when takesStage => filter.Value is "Executing" or "Complete",
                _ => throw SsmError.InvalidFilterKey(filter.Key),
            };
            if (!isValid)
                throw SsmError.Validation($"The filter {filter.Key} does not take {filter.Value}.");
        }
    }

    private bool Passes(DateTimeOffset requested, CommandStatus status, string details, string document) =>
        Key switch
        {
            "InvokedAfter" => requested > Time(),
            "InvokedBefore" => requested < Time(),
            "Status" => Value == EnumTable.Of(typeof(CommandStatus)).Text(status) || Value == details,
            _ => Value == document,
        };

    private DateTimeOffset? Time() => DateTimeOffset.TryParse(
        Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
