namespace Kiln.Service.Iam.Policies;

/// <summary>One operator of a Condition block with one key. IAM User Guide, "Condition operators".</summary>
public sealed class Condition
{
    private readonly ConditionOperator _operator;
    private readonly bool _ifExists;
    private readonly SetQualifier _qualifier;
    private readonly string _key;
    private readonly IReadOnlyList<PolicyText> _values;

    /// <summary>Reads an operator, e.g. <c>ForAnyValue:StringLikeIfExists</c>, with its key and values.</summary>
    /// <exception cref="PolicyException">No such operator, or a value that it cannot compare with.</exception>
    public Condition(string operatorName, string key, IReadOnlyList<PolicyText> values)
    {
        var name = operatorName;
        if (name.StartsWith("ForAnyValue:", StringComparison.OrdinalIgnoreCase))
            (_qualifier, name) = (SetQualifier.Any, name["ForAnyValue:".Length..]);
        else if (name.StartsWith("ForAllValues:", StringComparison.OrdinalIgnoreCase))
            (_qualifier, name) = (SetQualifier.All, name["ForAllValues:".Length..]);
        if (name.EndsWith("IfExists", StringComparison.OrdinalIgnoreCase) && name.Length > "IfExists".Length)
            (_ifExists, name) = (true, name[..^"IfExists".Length]);
        _operator = ConditionOperator.Find(name) is { } known && !(known.IsNull && (_ifExists || _qualifier != default))
            ? known
            : throw new PolicyException($"Invalid Condition type : {Shown(operatorName)}.");
        if (!key.Contains(':', StringComparison.Ordinal))
            throw new PolicyException($"Condition key {Shown(key)} must be prefaced by a vendor, e.g., aws, ec2, kms.");
        foreach (var value in values)
        {
            if (!_operator.Accepts(value.Raw))
                throw new PolicyException($"Invalid value {Shown(value.Raw)} for the Condition type {name}.");
        }
        (_key, _values) = (key, values);
    }

    private enum SetQualifier
    {
        None,
        Any,
        All,
    }

    /// <summary>Whether the request fulfils it.</summary>
    public bool Holds(PolicyContext context)
    {
        var actual = context[_key];
        if (_operator.IsNull)
        {
            var absent = actual is null ? "true" : "false";
            return _values.Any(v => string.Equals(v.Raw, absent, StringComparison.OrdinalIgnoreCase));
        }
        if (actual is null)
            return _ifExists || (_qualifier == SetQualifier.None ? _operator.Negated : _qualifier == SetQualifier.All);
        return _qualifier switch
        {
            SetQualifier.Any => actual.Any(value => One(value, context)),
            SetQualifier.All => actual.All(value => One(value, context)),
            _ when _operator.Negated => actual.All(value => One(value, context)),
            _ => actual.Any(value => One(value, context)),
        };
    }

    private bool One(string actual, PolicyContext context) =>
        _operator.Negated != _values.Any(wanted => _operator.Compare(actual, wanted, context));

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
