using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A filter of instances. Systems Manager API Reference "InstanceInformationStringFilter".</summary>
public sealed record InstanceInformationStringFilter
{
    /// <summary><c>InstanceIds</c>, <c>PingStatus</c>, <c>PlatformTypes</c> or <c>ResourceType</c>.</summary>
    [Length(1, 200)] public required string Key { get; init; }

    /// <summary>Any of which matches.</summary>
    [MaxLength(100)] public required IReadOnlyList<string> Values { get; init; }

    /// <summary>Refuses keys that are not known here.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidFilterKey.</exception>
    internal static void Check(IReadOnlyList<InstanceInformationStringFilter> filters)
    {
        foreach (var filter in filters)
        {
            if (filter.Key is not ("InstanceIds" or "PingStatus" or "PlatformTypes" or "ResourceType"))
                throw SsmError.InvalidFilterKey(filter.Key);
        }
    }

    /// <summary>Whether an instance passes all filters.</summary>
    internal static bool Pass(
        IReadOnlyList<InstanceInformationStringFilter> filters, InstanceInformation instance) =>
        filters.All(f => f.Values.Contains(f.Key switch
        {
            "InstanceIds" => instance.InstanceId,
            "PingStatus" => instance.PingStatus,
            "PlatformTypes" => instance.PlatformType,
            _ => instance.ResourceType,
        }));
}
