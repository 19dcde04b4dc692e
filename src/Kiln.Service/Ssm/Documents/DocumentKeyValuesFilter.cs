using System.ComponentModel.DataAnnotations;
using Kiln.Service.Ssm.Commands;

namespace Kiln.Service.Ssm.Documents;

/// <summary>A filter of documents. Systems Manager API Reference "DocumentKeyValuesFilter".</summary>
public sealed record DocumentKeyValuesFilter
{
    /// <summary><c>Name</c>, <c>Owner</c>, <c>DocumentType</c> or <c>PlatformTypes</c>.</summary>
    [Length(1, 128)] public string? Key { get; init; }

    /// <summary>Any of which matches: a name by its beginning, the rest as it is.</summary>
    [MaxLength(50)] public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Whether AWS-RunShellScript passes.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidFilterKey.</exception>
    internal bool Passes() => Key switch
    {
        "Name" => Values.Any(v => ShellScript.DocumentName.StartsWith(v, StringComparison.Ordinal)),
        "Owner" => Values.Any(v => v is RunShellScript.Owner or "Public" or "All"),
        "DocumentType" => Values.Contains(RunShellScript.DocumentType),
        "PlatformTypes" => Values.Contains(RunShellScript.Platform),
        _ => throw SsmError.InvalidFilterKey(Key ?? ""),
    };
}
