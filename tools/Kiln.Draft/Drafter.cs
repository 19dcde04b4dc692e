using System.Globalization;
using System.Text;

namespace Kiln.Draft;

/// <summary>Drafts an operation's file and the files of the shapes it reaches, for a person to trim.</summary>
/// <remarks>
/// The draft is complete where the kept file should not be: drop what Kiln does not honour, and name what was dropped
/// from the request in <c>[Unsupported]</c>. The contract test judges the result.
/// </remarks>
public sealed class Drafter
{
    /// <summary>An enum with more values than this (instance types) stays a string: it changes faster than Kiln
    /// does.</summary>
    private const int EnumValuesMax = 60;

    private readonly ApiModel _model;
    private readonly HashSet<string> _requests = new(StringComparer.Ordinal);
    private readonly HashSet<string> _responses = new(StringComparer.Ordinal);
    private readonly bool _lowerCase;

    /// <summary>Prepares drafts from one service's model.</summary>
    public Drafter(ApiModel model)
    {
        _model = model;
        foreach (var operation in model.Operations.Values)
        {
            Reach(operation.Input, _requests);
            Reach(operation.Output, _responses);
        }
        _lowerCase = model.LowerCase;
    }

    /// <summary>The drafts: file name and text, the operation first, then each shape it reaches.</summary>
    /// <exception cref="KeyNotFoundException">The model has no such operation, or only its name.</exception>
    public IEnumerable<(string File, string Text)> Draft(string name)
    {
        if (!_model.Operations.TryGetValue(name, out var operation))
            throw new KeyNotFoundException($"{_model.Service} has no operation {name}.");
        if (operation.Http is null)
            throw new KeyNotFoundException($"{name} is distilled by name only: widen Selection.cs and distil again.");

        yield return ($"{name}.cs", OperationFile(name, operation));
        var reached = new HashSet<string>(StringComparer.Ordinal);
        Reach(operation.Input, reached);
        Reach(operation.Output, reached);
        reached.Remove(operation.Input ?? "");
        reached.Remove(operation.Output ?? "");
        foreach (var shape in reached.Order(StringComparer.Ordinal))
        {
            var facts = _model.Resolve(shape);
            if (facts.Type == "structure")
                yield return ($"{TypeName(shape)}.cs", Record(TypeName(shape), shape, ""));
            else if (IsEnum(facts))
                yield return ($"{Wording.Upper(shape)}.cs", EnumFile(shape, facts));
        }
    }

    private void Reach(string? name, HashSet<string> reached)
    {
        if (name is null || !_model.Shapes.TryGetValue(name, out var shape) || !reached.Add(name))
            return;
        foreach (var member in shape.Members?.Values ?? Enumerable.Empty<ApiMember>())
            Reach(member.Shape, reached);
        Reach(shape.Element?.Shape, reached);
        Reach(shape.Key?.Shape, reached);
    }

    // A record cannot have a member of its own name (InstanceStatus has one).
    private string TypeName(string shape)
    {
        var name = Wording.Upper(shape);
        return _model.Resolve(shape).Members?.Keys.Any(m => Wording.Upper(m) == name) == true ? name + "Entry" : name;
    }

    private static bool IsEnum(ApiShape shape) => shape.Enum is { Count: > 0 and <= EnumValuesMax };

    private string OperationFile(string name, ApiOperation operation)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"[Operation(\"{_model.Service}:{name}\")]");
        if (_model.Protocol == "rest-json")
        {
            var http = operation.Http!.Split(' ');
            var status = operation.Status is { } stated and not 200 ? $", {stated}" : "";
            text.Append(CultureInfo.InvariantCulture, $"\n[Rest(\"{http[0]}\", \"{http[1]}\"{status})]");
        }
        text.Append(CultureInfo.InvariantCulture, $"\npublic sealed class {name}(Db db, TimeProvider clock)");
        text.Append(CultureInfo.InvariantCulture, $" : IOperation<{name}.Request, {name}.Response>\n{{\n");
        text.Append(Record("Request", operation.Input, "    ")).Append('\n');
        text.Append(Record("Response", operation.Output, "    ")).Append("}\n");
        if (operation.Errors is { Count: > 0 } errors)
            text.Append("// errors: ").AppendJoin(", ", errors).Append('\n');
        return text.ToString();
    }

    private string Record(string name, string? shape, string indent)
    {
        var facts = shape is null ? new ApiShape { Type = "structure" } : _model.Resolve(shape);
        if (facts.Members is not { Count: > 0 } members)
            return $"{indent}public sealed record {name};\n";
        var text = new StringBuilder();
        if (facts.Union)
            text.Append(indent).Append("// exactly one member is given\n");
        text.Append(CultureInfo.InvariantCulture, $"{indent}public sealed record {name}\n{indent}{{\n");
        foreach (var (member, reference) in members)
        {
            // The pipeline reads it and ends the call once it is authorised.
            if (member == "DryRun")
            {
                text.Append(indent).Append("    public bool DryRun { get; init; }\n");
                continue;
            }
            var required = facts.Required?.Contains(member) == true;
            Property(text, indent + "    ", shape!, member, reference, required, facts.Payload == member);
        }
        return text.Append(indent).Append("}\n").ToString();
    }

    private void Property(
        StringBuilder text, string indent, string owner, string name, ApiMember member, bool required, bool payload)
    {
        var facts = _model.Resolve(member.Shape);
        var attributes = new List<string>();
        if (payload)
            attributes.Add("Payload");
        if (Binding(name, member) is { } binding)
            attributes.Add(binding);
        else if (Wire(owner, name, member, facts) is { } wire)
            attributes.Add(wire);
        var usual = _model.Protocol == "ec2" ? "item" : "member";
        if (_model.Protocol is "ec2" or "query" && facts is { Type: "list", Element: { } element }
            && (element.Name ?? "member") != usual && _responses.Contains(owner))
            attributes.Add($"Element(\"{element.Name ?? "member"}\")");
        if (_requests.Contains(owner))
            attributes.AddRange(Bounds(facts));
        var type = CSharpType(member.Shape);
        var modifier = required ? "required " : "";
        var suffix = required || facts.Type == "list" ? "" : "?";
        var initial = !required && facts.Type == "list" ? " = [];" : "";
        var line = $"public {modifier}{type}{suffix} {Wording.Upper(name)} {{ get; init; }}{initial}";
        var head = attributes.Count == 0 ? "" : $"[{string.Join(", ", attributes)}]";
        var fits = indent.Length + head.Length + 1 + line.Length <= 120;
        text.Append(indent).Append(head).Append(head.Length == 0 ? "" : fits ? " " : "\n" + indent).Append(line);
        if (facts is { Pattern: { } pattern, Type: "string" } && Wording.Pattern(pattern) is null)
            text.Append(CultureInfo.InvariantCulture, $" // pattern to be rewritten: {pattern}");
        if (member.Idempotency)
            text.Append(" // idempotency token");
        if (facts.Enum is { Count: > EnumValuesMax } many)
            text.Append(CultureInfo.InvariantCulture, $" // enum of {many.Count} values");
        text.Append('\n');
    }

    private static string? Binding(string name, ApiMember member) => member.In switch
    {
        "header" or "headers" => $"Header(\"{member.Name ?? name}\")",
        "querystring" => $"Query(\"{member.Name ?? name}\")",
        "uri" => $"Path(\"{member.Name ?? name}\")",
        "statusCode" => "StatusCode",
        _ => null,
    };

    // The rule: a scalar follows the case of its direction, an ec2 list always spells its wire name.
    private string? Wire(string owner, string name, ApiMember member, ApiShape facts)
    {
        var property = Wording.Upper(name);
        var request = Wording.RequestWire(_model.Protocol, name, member);
        var response = Wording.ResponseWire(name, member);
        var ec2 = _model.Protocol == "ec2";
        var spelt = ec2 && facts.Type == "list";
        var asRequest = _requests.Contains(owner);
        var asResponse = _responses.Contains(owner);
        var byRuleResponse = ec2 || _lowerCase ? Wording.Lower(property) : property;
        var byRuleRequest = _lowerCase ? Wording.Lower(property) : property;
        var needs = spelt || (asRequest && request != byRuleRequest) || (asResponse && response != byRuleResponse);
        if (!needs)
            return null;
        if (asRequest && asResponse && request != response)
            return $"Wire(\"{request}\", Response = \"{response}\")";
        return $"Wire(\"{(asRequest ? request : response)}\")";
    }

    private static IEnumerable<string> Bounds(ApiShape facts)
    {
        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        if (facts.Type is "integer" or "long" or "double" or "float" && (facts.Min ?? facts.Max) is not null)
        {
            var kind = facts.Type switch { "integer" => "int", "long" => "long", _ => "double" };
            yield return $"Range({(facts.Min is { } low ? Number(low) : kind + ".MinValue")}, "
                + $"{(facts.Max is { } high ? Number(high) : kind + ".MaxValue")})";
        }
        else if (facts.Enum is null)
        {
            if (facts is { Min: { } min and > 0, Max: { } max })
                yield return $"Length({Number(min)}, {Number(max)})";
            else if (facts.Max is { } most)
                yield return $"MaxLength({Number(most)})";
            else if (facts.Min is { } least and > 0)
                yield return $"MinLength({Number(least)})";
            if (facts is { Pattern: { } pattern, Type: "string" } && Wording.Pattern(pattern) is { } ours)
                yield return $"RegularExpression(@\"{ours.Replace("\"", "\"\"", StringComparison.Ordinal)}\")";
        }
    }

    private string CSharpType(string shape)
    {
        var facts = _model.Resolve(shape);
        return facts.Type switch
        {
            "structure" => TypeName(shape),
            "list" => $"IReadOnlyList<{CSharpType(facts.Element!.Shape)}>",
            "map" => $"IReadOnlyDictionary<string, {CSharpType(facts.Element!.Shape)}>",
            "string" => IsEnum(facts) ? Wording.Upper(shape) : "string",
            "boolean" => "bool",
            "integer" => "int",
            "long" => "long",
            "float" or "double" => "double",
            "timestamp" => "DateTimeOffset",
            "blob" => "ReadOnlyMemory<byte>",
            var other => throw new InvalidDataException($"The model's type {other} has no C# type here."),
        };
    }

    private static string EnumFile(string name, ApiShape facts)
    {
        var text = new StringBuilder($"public enum {Wording.Upper(name)}\n{{\n");
        foreach (var value in facts.Enum!)
        {
            var member = Wording.EnumMember(value);
            // Without the attribute a member's text is its name with a small first letter.
            var attribute = Wording.Lower(member) == value ? "" : $"[EnumMember(Value = \"{value}\")] ";
            text.Append(CultureInfo.InvariantCulture, $"    {attribute}{member},\n");
        }
        return text.Append("}\n").ToString();
    }
}
