using System.Globalization;
using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>A parameter as a call names it: <c>NAME</c>, <c>NAME:VERSION</c>, <c>NAME:LABEL</c>, or an ARN of one of
/// them.</summary>
/// <param name="AccountId">Whose it is.</param>
/// <param name="Name">The name alone.</param>
/// <param name="Selector">What followed the colon, with it; null for the newest.</param>
public sealed partial record ParameterName(string AccountId, string Name, string? Selector)
{
    /// <summary>AWS's limit, the ARN's other parts deducted.</summary>
    public const int LengthMax = 1011;

    /// <summary>Levels of a hierarchy.</summary>
    private const int LevelsMax = 15;

    /// <summary>Whether a version is the one that is meant. A label never looks like a number.</summary>
    public bool Selects(ParameterVersion version) => Selector is null ? version.IsCurrent
        : long.TryParse(Selector.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? version.Number == number : version.Labels.Contains(Selector[1..]);

    /// <summary>Reads a name. Names below <c>/kiln/</c> are the publisher's, whoever asks.</summary>
    /// <exception cref="AwsException">ValidationException: the ARN is another Region's, or none.</exception>
    public static ParameterName Parse(string text, Call call)
    {
        var account = call.AccountId;
        if (text.StartsWith("arn:", StringComparison.Ordinal))
        {
            var parts = text.Split(':', 6);
            if (parts is not [_, _, "ssm", _, _, _] || parts[3] != call.Region
                || !parts[5].StartsWith("parameter/", StringComparison.Ordinal))
                throw SsmError.Validation("Parameter ARN is not one of this Region.");
            account = parts[4];
            text = parts[5]["parameter/".Length..];
            // A name with levels begins with a slash, which its ARN shows once.
            if (text.Contains('/', StringComparison.Ordinal))
                text = "/" + text;
        }
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        if (name.StartsWith(Publisher.ParameterPath, StringComparison.Ordinal))
            account = Publisher.AccountId;
        return new ParameterName(account, name, colon < 0 ? null : text[colon..]);
    }

    /// <summary>Refuses names that a new parameter cannot have.</summary>
    /// <exception cref="AwsException">ValidationException, HierarchyLevelLimitExceededException,
    /// AccessDeniedException.</exception>
    public static void Check(string name, Call call)
    {
        CheckPrefix(name);
        if (name.Length > LengthMax || !Legal().IsMatch(name)
            || (name.Contains('/', StringComparison.Ordinal) && !name.StartsWith('/')))
        {
            throw SsmError.Validation("Parameter name must be a fully qualified name: letters, numbers and .-_ , with "
                + "levels divided by / and a leading / where there are levels; up to 1011 characters.");
        }
        if (name.Count(c => c == '/') > LevelsMax)
        {
            throw SsmError.Of("HierarchyLevelLimitExceededException",
                $"A parameter name may have {LevelsMax} levels at most.");
        }
        if (name.StartsWith(Publisher.ParameterPath, StringComparison.Ordinal)
            && call.AccountId != Publisher.AccountId)
        {
            throw SsmError.Of("AccessDeniedException",
                $"Names below {Publisher.ParameterPath} are those of Kiln's own images.");
        }
    }

    private static void CheckPrefix(string name)
    {
        var bare = name.TrimStart('/');
        var isPath = name.Count(c => c == '/') > 1;
        var isAws = bare.StartsWith("aws", StringComparison.OrdinalIgnoreCase);
        if (!isAws && !bare.StartsWith("ssm", StringComparison.OrdinalIgnoreCase))
            return;
        if (isAws && isPath && name[0] == '/')
            throw SsmError.Of("AccessDeniedException", $"No access to reserved parameter name: {name}.");
        throw SsmError.Validation(!isPath
            ? "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."
            : "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist "
                + "of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and "
                + "the following 3 symbols .-_");
    }

    [GeneratedRegex(@"\A(/?[a-zA-Z0-9_.-]+)+\z", RegexOptions.NonBacktracking)]
    private static partial Regex Legal();
}
