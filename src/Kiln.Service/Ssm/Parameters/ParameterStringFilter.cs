using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>A filter of a listing. Systems Manager API Reference "ParameterStringFilter".</summary>
public sealed record ParameterStringFilter
{
    /// <summary><c>Name</c>, <c>Path</c>, <c>Type</c>, <c>KeyId</c>, <c>DataType</c>, <c>Tier</c>, <c>Label</c> or
    /// <c>tag:KEY</c>.</summary>
    [Length(1, 132)] public required string Key { get; init; }

    /// <summary><c>Equals</c> (the default), <c>BeginsWith</c>, <c>Contains</c>; for a path <c>Recursive</c>,
    /// <c>OneLevel</c>.</summary>
    [Length(1, 10)] public string? Option { get; init; }

    /// <summary>Any of which matches.</summary>
    [Length(1, 50)] public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>What a version must satisfy to be listed.</summary>
    /// <param name="filters">All of which hold.</param>
    /// <param name="keys">The keys that the operation takes.</param>
    /// <exception cref="AwsException">InvalidFilterKey, InvalidFilterOption, InvalidFilterValue.</exception>
    internal static Func<ParameterVersion, bool> Of(
        IReadOnlyList<ParameterStringFilter> filters, params IReadOnlyList<string> keys)
    {
        Func<ParameterVersion, bool>[] all = [.. filters.Select(f => f.Test(keys))];
        return version => Array.TrueForAll(all, test => test(version));
    }

    /// <summary>Whether a name lies below a path.</summary>
    internal static bool IsBelow(string name, string path, bool recursive)
    {
        var start = path.EndsWith('/') ? path : path + "/";
        if (!name.StartsWith('/'))
            name = "/" + name;
        return name.StartsWith(start, StringComparison.Ordinal)
            && (recursive || name.IndexOf('/', start.Length) < 0);
    }

    /// <summary>The key of an operation that takes any tag's.</summary>
    internal const string TagPrefix = "tag:";

    // Without a value whoever has the tag is meant, as in AWS.
    private Func<ParameterVersion, bool> TestTag(string key) => Option is null or "Equals"
        ? v => v.Tags.TryGetValue(key, out var value) && (Values.Count == 0 || Values.Contains(value))
        : throw Invalid();

    private Func<ParameterVersion, bool> Test(IReadOnlyList<string> keys)
    {
        var tag = Key.StartsWith(TagPrefix, StringComparison.Ordinal) ? Key[TagPrefix.Length..] : null;
        if (!keys.Contains(tag is null ? Key : TagPrefix))
            throw SsmError.InvalidFilterKey(Key);
        if (tag is not null)
            return TestTag(tag);
        if (Values.Count == 0)
            throw SsmError.Of("InvalidFilterValue", $"The filter {Key} has no values.");
        if (Key == "Path")
        {
            if (Option is not (null or "Recursive" or "OneLevel"))
                throw Invalid();
            return v => Values.Any(p => IsBelow(v.Name, p, Option == "Recursive"));
        }
        if (Key == "Label")
            return Option is null or "Equals" ? v => v.Labels.Any(Values.Contains) : throw Invalid();
        Func<ParameterVersion, string?> value = Key switch
        {
            "Name" => v => v.Name,
            "KeyId" => v => v.KeyId,
            "DataType" => v => v.DataType,
            "Type" => v => EnumTable.Of(typeof(ParameterType)).Text(v.Type),
            _ => v => EnumTable.Of(typeof(ParameterTier)).Text(v.Tier),
        };
        return Option switch
        {
            null or "Equals" => v => Values.Contains(value(v)),
            "BeginsWith" => v => Values.Any(w => value(v)?.StartsWith(w, StringComparison.Ordinal) == true),
            "Contains" when Key == "Name" => v => Values.Any(w => v.Name.Contains(w, StringComparison.Ordinal)),
            _ => throw Invalid(),
        };
    }

    private AwsException Invalid() =>
        SsmError.Of("InvalidFilterOption", $"The filter {Key} does not take the option {Option}.");
}
