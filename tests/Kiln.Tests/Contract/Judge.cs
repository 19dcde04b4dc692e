using Kiln.Draft;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Contract;

/// <summary>Compares our records with the public API model, through the metadata that the codecs use.</summary>
/// <remarks>
/// Judged are names on the wire, kinds, required flags, enum values and HTTP bindings. A request member of the model
/// must
/// be a property or be refused by name; a response member of ours must be the model's. What the model has beyond our
/// responses is no fault: it is collected in <see cref="Lacking"/> for docs/operations.md.
/// </remarks>
public sealed class Judge(ApiModel model)
{
    private readonly List<string> _problems = [];
    private readonly HashSet<(Type, string, bool)> _seen = [];
    private readonly SortedDictionary<string, SortedSet<string>> _lacking = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedSet<string>> _refused = new(StringComparer.Ordinal);

    /// <summary>What is wrong, each with its place.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Response members that the model has and we do not, by the model's structure.</summary>
    public IReadOnlyDictionary<string, SortedSet<string>> Lacking => _lacking;

    /// <summary>Request members that are refused by name, by the model's structure.</summary>
    public IReadOnlyDictionary<string, SortedSet<string>> Refused => _refused;

    /// <summary>Judges an operation's binding and records.</summary>
    public void Operation(OperationShape ours)
    {
        if (!model.Operations.TryGetValue(ours.Name, out var operation) || operation.Http is null)
        {
            _problems.Add(operation is null
                ? $"{ours.Name}: {model.Service} has no such operation"
                : $"{ours.Name}: known by name only; widen tools/Kiln.Draft/Selection.cs and distil again");
            return;
        }

        if (model.Protocol == "rest-json")
            Expect(ours.Name, "binding", $"{ours.Method} {ours.UriTemplate} {ours.SuccessStatus}",
                $"{operation.Http} {operation.Status ?? 200}");
        Root($"{ours.Name}.Request", Shape.Of(ours.Request), operation.Input, request: true);
        Root($"{ours.Name}.Response", Shape.Of(ours.Response), operation.Output, request: false);
    }

    private void Root(string path, Shape ours, string? shape, bool request)
    {
        if (shape is not null)
            Structure(path, ours, shape, request);
        else
            foreach (var member in ours.Members)
                _problems.Add($"{path}.{member.Name}: the model has nothing here");
    }

    private void Structure(string path, Shape ours, string shape, bool request)
    {
        if (!_seen.Add((ours.ClrType, shape, request)))
            return;
        var facts = model.Resolve(shape);
        var members = (facts.Members ?? []).ToDictionary(
            m => Wording.Upper(m.Key), m => (m.Key, m.Value), StringComparer.Ordinal);
        foreach (var member in ours.Members)
        {
            if (!members.TryGetValue(member.Name, out var found))
                _problems.Add($"{path}.{member.Name}: {shape} has no such member");
            else
                Member($"{path}.{member.Name}", member, found.Key, found.Value, facts, request);
            if (member.Unsupported is not null && request)
                Note(_refused, shape, member.Name);
        }

        var refused = ours.Unsupported.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var name in refused.Where(n => !members.ContainsKey(n) || ours.Members.Any(m => m.Name == n)))
            _problems.Add($"{path}: [Unsupported] names {name}, which is "
                + (members.ContainsKey(name) ? "a property" : $"no member of {shape}"));
        foreach (var name in members.Keys.Except(ours.Members.Select(m => m.Name), StringComparer.Ordinal))
            if (!request)
                Note(_lacking, shape, name);
            else if (refused.Contains(name))
                Note(_refused, shape, name);
            else
                _problems.Add($"{path}.{name}: neither a property nor named in [Unsupported]");
    }

    private void Member(string path, Member ours, string name, ApiMember facts, ApiShape owner, bool request)
    {
        if (request)
            Expect(path, "required", ours.Required, owner.Required?.Contains(name) == true);
        var (location, locationName) = Place(name, facts, owner);
        Expect(path, "location", ours.Location, location);
        if (location is MemberLocation.Header or MemberLocation.Headers or MemberLocation.Query or MemberLocation.Path)
            Expect(path, $"{location} name", ours.LocationName, locationName);
        else if (location == MemberLocation.Body)
            Expect(path, "wire name", request ? RequestWire(ours) : ResponseWire(ours), request
                ? Wording.RequestWire(model.Protocol, name, facts)
                : Wording.ResponseWire(name, facts));
        Value(path, ours.Shape, facts.Shape, request);

        // Requests number their lists; only an XML answer shows an element's name.
        if (ours.Shape.Kind == ShapeKind.List && !request && model.Protocol is "ec2" or "query"
            && model.Resolve(facts.Shape).Element is { } element)
        {
            var usual = model.Protocol == "ec2" ? "item" : "member";
            Expect(path, "element", ours.ElementName ?? ours.Shape.ElementName ?? usual, element.Name ?? "member");
            Expect(path, "flattened", ours.Flattened, facts.Flattened);
        }
    }

    private void Value(string path, Shape ours, string shape, bool request)
    {
        var facts = model.Resolve(shape);
        if (!Fits(ours.Kind, facts))
        {
            _problems.Add($"{path}: kind is {ours.Kind}, the model has {facts.Type}");
            return;
        }

        switch (ours.Kind)
        {
            case ShapeKind.Structure:
                Structure(path, ours, shape, request);
                break;
            case ShapeKind.List or ShapeKind.Map:
                Value(path + "[]", ours.Element!, facts.Element!.Shape, request);
                break;
            case ShapeKind.Enum when facts.Enum is { } values:
                foreach (var extra in ours.Enum!.Texts.Except(values, StringComparer.Ordinal))
                    _problems.Add($"{path}: {shape} has no value {extra}");
                foreach (var absent in values.Except(ours.Enum!.Texts, StringComparer.Ordinal).Where(_ => request))
                    _problems.Add(
                        $"{path}: lacks {shape}'s value {absent}, so a legal request would be called invalid");
                break;
        }
    }

    // A string of ours may stand for an enum (it passes values through), and an enum for a string whose values the
    // model keeps to itself.
    private static bool Fits(ShapeKind ours, ApiShape facts) => facts.Type switch
    {
        "structure" => ours == ShapeKind.Structure,
        "list" => ours == ShapeKind.List,
        "map" => ours == ShapeKind.Map,
        "string" => ours is ShapeKind.String or ShapeKind.Enum,
        "boolean" => ours == ShapeKind.Boolean,
        "integer" => ours == ShapeKind.Integer,
        "long" => ours == ShapeKind.Long,
        "float" => ours is ShapeKind.Float or ShapeKind.Double,
        "double" => ours == ShapeKind.Double,
        "timestamp" => ours == ShapeKind.Timestamp,
        "blob" => ours == ShapeKind.Blob,
        _ => false,
    };

    private static (MemberLocation, string?) Place(string name, ApiMember facts, ApiShape owner) => facts.In switch
    {
        "header" => (MemberLocation.Header, facts.Name ?? name),
        "headers" => (MemberLocation.Headers, facts.Name ?? name),
        "querystring" => (MemberLocation.Query, facts.Name ?? name),
        "uri" => (MemberLocation.Path, facts.Name ?? name),
        "statusCode" => (MemberLocation.StatusCode, null),
        _ when owner.Payload == name => (MemberLocation.Payload, null),
        _ => (MemberLocation.Body, null),
    };

    private string RequestWire(Member ours) =>
        model.Protocol == "ec2" ? Wording.Upper(ours.RequestWire ?? ours.Name) : ours.RequestWire ?? ByRule(ours);

    private string ResponseWire(Member ours) => ours.ResponseWire ?? ByRule(ours);

    private string ByRule(Member ours) =>
        model.Protocol == "ec2" || model.LowerCase ? Wording.Lower(ours.Name) : ours.Name;

    private void Expect<T>(string path, string what, T ours, T facts)
    {
        if (!EqualityComparer<T>.Default.Equals(ours, facts))
            _problems.Add($"{path}: {what} is {ours}, the model has {facts}");
    }

    private static void Note(SortedDictionary<string, SortedSet<string>> notes, string shape, string name)
    {
        if (!notes.TryGetValue(shape, out var names))
            notes[shape] = names = new SortedSet<string>(StringComparer.Ordinal);
        names.Add(name);
    }
}
