namespace Kiln.Service.Iam.Policies;

/// <summary>The condition keys of one request. Names are compared without case, as in IAM.</summary>
public sealed class PolicyContext
{
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The values of a key; none where the request does not have it.</summary>
    public IReadOnlyList<string>? this[string key] => _values.GetValueOrDefault(key);

    /// <summary>Sets a key; no values leave it absent.</summary>
    public PolicyContext Set(string key, params IReadOnlyList<string> values)
    {
        if (values.Count > 0)
            _values[key] = values;
        return this;
    }

    /// <summary>Takes over all keys of another one.</summary>
    public PolicyContext Add(PolicyContext other)
    {
        foreach (var (key, values) in other._values)
            _values[key] = values;
        return this;
    }
}
