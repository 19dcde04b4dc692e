using System.Text.Json;

namespace Kiln.Service.Iam.Policies;

/// <summary>Reads IAM's JSON policy language. Unknown elements are refused: a misspelt Condition must not open a
/// door.</summary>
internal static class PolicyParser
{
    /// <summary>The longest policy of any service here (a key policy); each operation bounds its own more
    /// tightly.</summary>
    public const int LengthMax = 131_072;

    /// <summary>Policy → Statement → element → operator → key → values.</summary>
    private const int DepthMax = 8;

    /// <summary>Values in one element; a policy of the greatest length cannot sensibly hold more.</summary>
    private const int ValuesMax = 2000;

    private static readonly string[] PolicyElements = ["Version", "Id", "Statement"];

    private static readonly string[] StatementElements =
    [
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ];

    public static PolicyDocument Parse(string text, PolicyKind kind)
    {
        if (text.Length > LengthMax)
            throw new PolicyException($"The policy is longer than {LengthMax} characters.");
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(
                text, new JsonDocumentOptions { MaxDepth = DepthMax, AllowDuplicateProperties = false });
        }
        catch (Exception malformed) when (malformed is JsonException or ArgumentException or InvalidOperationException)
        {
            // ArgumentException: half a surrogate pair, which has no UTF-8.
            throw new PolicyException("Syntax errors in policy.");
        }
        using (json)
        {
            try
            {
                return Policy(json.RootElement, kind);
            }
            catch (InvalidOperationException)
            {
                // GetString of an escaped half of a surrogate pair.
                throw new PolicyException("Syntax errors in policy.");
            }
        }
    }

    private static PolicyDocument Policy(JsonElement root, PolicyKind kind)
    {
        CheckElements(root, PolicyElements);
        var version = root.TryGetProperty("Version", out var given) ? Text(given) : "2008-10-17";
        if (version is not ("2012-10-17" or "2008-10-17"))
            throw new PolicyException("The policy failed legacy parsing");
        if (!root.TryGetProperty("Statement", out var statements))
            throw new PolicyException("Syntax errors in policy.");
        var variables = version == "2012-10-17";
        var all = statements.ValueKind == JsonValueKind.Array ? statements.EnumerateArray().ToList() : [statements];
        if (all.Count is 0 or > ValuesMax)
            throw new PolicyException("Syntax errors in policy.");
        return new PolicyDocument([.. all.Select(s => Statement(s, kind, variables))]);
    }

    private static Statement Statement(JsonElement json, PolicyKind kind, bool variables)
    {
        CheckElements(json, StatementElements);
        var deny = json.TryGetProperty("Effect", out var effect) ? Text(effect) switch
        {
            "Deny" => true,
            "Allow" => false,
            var other => throw new PolicyException($"Invalid effect: {Shown(other)}"),
        } : throw new PolicyException("Missing required field Effect");
        if (json.TryGetProperty("Sid", out var sid))
            Text(sid);
        var (actions, notAction) = Either(json, "Action")
            ?? throw new PolicyException("Policy statement must contain actions.");
        foreach (var action in actions)
            CheckAction(action);
        var resources = Either(json, "Resource");
        if (kind == PolicyKind.Trust ? resources is not null : resources is null)
        {
            throw new PolicyException(kind == PolicyKind.Trust
                ? "Has prohibited field Resource" : "Policy statement must contain resources.");
        }
        foreach (var resource in resources?.Values ?? [])
            CheckResource(resource);
        return new Statement
        {
            Deny = deny,
            Principal = Principal(json, kind),
            Actions = Texts(actions, variables: false),
            NotAction = notAction,
            Resources = resources is { } found ? Texts(found.Values, variables) : null,
            NotResource = resources?.Not ?? false,
            Conditions = json.TryGetProperty("Condition", out var conditions) ? Conditions(conditions, variables) : [],
        };
    }

    private static List<PolicyText> Texts(IEnumerable<string> values, bool variables) =>
        [.. values.Select(v => new PolicyText(v, variables))];

    private static (IReadOnlyList<string> Values, bool Not)? Either(JsonElement json, string name)
    {
        var plain = json.TryGetProperty(name, out var values);
        var not = json.TryGetProperty("Not" + name, out var others);
        if (plain && not)
            throw new PolicyException($"Statement may have {name} or Not{name}, not both.");
        return plain ? (Strings(values), false) : not ? (Strings(others), true) : null;
    }

    private static PrincipalMatcher? Principal(JsonElement json, PolicyKind kind)
    {
        var plain = json.TryGetProperty("Principal", out var principal);
        var not = json.TryGetProperty("NotPrincipal", out var others);
        if (kind == PolicyKind.Identity)
            return plain || not ? throw new PolicyException("Policy document should not specify a principal.") : null;
        if (plain == not)
            throw new PolicyException("Missing required field Principal");
        var given = plain ? principal : others;
        if (given.ValueKind == JsonValueKind.String)
        {
            return Text(given) == "*" ? new PrincipalMatcher(true, [], [], not)
                : throw new PolicyException("Invalid principal in policy.");
        }
        if (given.ValueKind != JsonValueKind.Object)
            throw new PolicyException("Invalid principal in policy.");
        List<string> aws = [], services = [];
        foreach (var type in given.EnumerateObject())
        {
            var names = Strings(type.Value);
            switch (type.Name)
            {
                case "AWS": aws.AddRange(names); break;
                case "Service": services.AddRange(names); break;
                // Nobody can ask as one of these here, so they never match.
                case "Federated" or "CanonicalUser": break;
                default: throw new PolicyException("Invalid principal in policy.");
            }
        }
        if (aws.Find(name => !IsPrincipal(name)) is { } wrong)
            throw new PolicyException($"Invalid principal in policy: \"AWS\":\"{Shown(wrong)}\"");
        return new PrincipalMatcher(aws.Contains("*"), aws, services, not);
    }

    /// <summary>An account, its root, a user, a role or a session; or the unique id of one that was deleted.</summary>
    private static bool IsPrincipal(string name)
    {
        if (name == "*" || Calls.Ids.IsAccountId(name))
            return true;
        if (name.Length == 21 && name[..4] is ("AROA" or "AIDA"))
            return true;
        return name.Split(':', 6) is ["arn", "aws", "iam" or "sts", "", var account, var rest]
            && Calls.Ids.IsAccountId(account) && !rest.Contains('*', StringComparison.Ordinal)
            && (rest == "root" || rest.StartsWith("user/", StringComparison.Ordinal)
                || rest.StartsWith("role/", StringComparison.Ordinal)
                || rest.StartsWith("assumed-role/", StringComparison.Ordinal)
                || rest.StartsWith("federated-user/", StringComparison.Ordinal));
    }

    private static List<Condition> Conditions(JsonElement json, bool variables)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new PolicyException("Syntax errors in policy.");
        var conditions = new List<Condition>();
        foreach (var type in json.EnumerateObject())
        {
            if (type.Value.ValueKind != JsonValueKind.Object)
                throw new PolicyException("Syntax errors in policy.");
            foreach (var key in type.Value.EnumerateObject())
                conditions.Add(new Condition(type.Name, key.Name, Texts(Strings(key.Value, scalars: true), variables)));
        }
        return conditions;
    }

    private static void CheckAction(string action)
    {
        if (action == "*")
            return;
        var colon = action.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == action.Length - 1)
            throw new PolicyException("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }

    private static void CheckResource(string resource)
    {
        var isArn = resource.StartsWith("arn:", StringComparison.Ordinal) && resource.Split(':').Length >= 6;
        if (!isArn && resource != "*" && !resource.StartsWith("arn:*", StringComparison.Ordinal)
            && !resource.StartsWith("${", StringComparison.Ordinal))
            throw new PolicyException($"Resource {Shown(resource)} must be in ARN format or \"*\".");
    }

    private static void CheckElements(JsonElement json, string[] known)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new PolicyException("Syntax errors in policy.");
        foreach (var element in json.EnumerateObject())
        {
            if (!known.Contains(element.Name))
                throw new PolicyException($"Syntax errors in policy: unknown element {Shown(element.Name)}.");
        }
    }

    private static List<string> Strings(JsonElement json, bool scalars = false)
    {
        if (json.ValueKind != JsonValueKind.Array)
            return [Scalar(json, scalars)];
        if (json.GetArrayLength() > ValuesMax)
            throw new PolicyException($"An element may have {ValuesMax} values at most.");
        return [.. json.EnumerateArray().Select(item => Scalar(item, scalars))];
    }

    private static string Scalar(JsonElement json, bool scalars) => json.ValueKind switch
    {
        JsonValueKind.True when scalars => "true",
        JsonValueKind.False when scalars => "false",
        JsonValueKind.Number when scalars => json.GetRawText(),
        _ => Text(json),
    };

    private static string Text(JsonElement json) =>
        json.ValueKind == JsonValueKind.String
            ? json.GetString()!
            : throw new PolicyException("Syntax errors in policy.");

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
