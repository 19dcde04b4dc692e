using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A filter of instances. Systems Manager API Reference "InstanceInformationStringFilter".</summary>
public sealed record InstanceInformationStringFilter
{
    private const string Tag = "tag:";

    /// <summary><c>InstanceIds</c>, <c>PingStatus</c>, <c>PlatformTypes</c>, <c>ResourceType</c>,
    /// <c>AgentVersion</c>, <c>tag:KEY</c>, <c>tag-key</c>; and those of machines elsewhere and of associations,
    /// which none passes.</summary>
    [Length(1, 200)] public required string Key { get; init; }

    /// <summary>Any of which matches.</summary>
    [MaxLength(100)] public required IReadOnlyList<string> Values { get; init; }

    /// <summary>The key of the tag that is asked for; null where the filter is of something else.</summary>
    internal string? TagKey => Key.StartsWith(Tag, StringComparison.Ordinal) ? Key[Tag.Length..] : null;

    /// <summary>Whether the rows decide it, before any agent is asked.</summary>
    internal bool IsOfRows => TagKey is not null || Key is "InstanceIds" or "tag-key";

    /// <summary>Refuses keys that Systems Manager does not know.</summary>
    /// <exception cref="AwsException">InvalidFilterKey.</exception>
    internal static void Check(IReadOnlyList<InstanceInformationStringFilter> filters)
    {
        foreach (var filter in filters)
        {
            if (!filter.IsOfRows && filter.Key is not ("PingStatus" or "PlatformTypes" or "ResourceType"
                or "AgentVersion" or "ActivationIds" or "AssociationStatus" or "IamRole" or "SourceIds"
                or "SourceTypes"))
                throw SsmError.InvalidFilterKey(filter.Key);
        }
    }

    /// <summary>Whether an instance passes all filters that the rows have not decided.</summary>
    internal static bool Pass(
        IReadOnlyList<InstanceInformationStringFilter> filters, InstanceInformation instance) =>
        filters.All(f => f.IsOfRows || (f.Key switch
        {
            "PingStatus" => instance.PingStatus,
            "PlatformTypes" => instance.PlatformType,
            "ResourceType" => instance.ResourceType,
            "AgentVersion" => instance.AgentVersion,
            _ => null,
        } is { } text && f.Values.Contains(text)));
}
