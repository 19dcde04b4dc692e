using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A filter of commands. Systems Manager API Reference "CommandFilter".</summary>
public sealed record CommandFilter
{
    /// <summary><c>InvokedAfter</c>, <c>InvokedBefore</c>, <c>Status</c> or <c>DocumentName</c>.</summary>
    [Wire("key")]
    public required string Key { get; init; }

    /// <summary>The value.</summary>
    [Wire("value"), Length(1, 128)]
    public required string Value { get; init; }

    /// <summary>Whether a command passes all filters.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidFilterKey, InvalidFilterValue.</exception>
    internal static bool Pass(
        IReadOnlyList<CommandFilter> filters, DateTimeOffset requested, CommandStatus status, string document) =>
        filters.All(f => f.Key switch
        {
            "InvokedAfter" => requested > f.Time(),
            "InvokedBefore" => requested < f.Time(),
            "Status" => EnumTable.Of(typeof(CommandStatus)).Value(f.Value) is CommandStatus wanted
                ? wanted == status : throw f.InvalidValue(),
            "DocumentName" => f.Value == document,
            _ => throw SsmError.InvalidFilterKey(f.Key),
        });

    private DateTimeOffset Time() => DateTimeOffset.TryParse(
        Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        ? time : throw InvalidValue();

    private Protocol.Errors.AwsException InvalidValue() =>
        SsmError.Of("InvalidFilterValue", $"The filter {Key} does not take {Value}.");
}
