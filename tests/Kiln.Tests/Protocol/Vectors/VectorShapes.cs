using System.Text;
using System.Text.Json;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Protocol.Vectors;

/// <summary>Builds shapes from the descriptions that the vectors bring, and values of them from JSON.</summary>
public sealed class VectorShapes(JsonElement shapes)
{
    private readonly Dictionary<string, Shape> _built = [];

    public Shape Of(JsonElement reference, string key) =>
        reference.TryGetProperty(key, out var named)
            ? Of(named.GetProperty("shape").GetString()!, Text(named, "locationName"), Namespace(named))
            : Shape.Structure("Empty", []);

    /// <summary>A value as a record holds it.</summary>
    public static object? Value(JsonElement json, Shape shape) => shape.Kind switch
    {
        _ when json.ValueKind == JsonValueKind.Null => null,
        ShapeKind.Structure => json.EnumerateObject()
            .Select(p => (p.Name, Value: Value(p.Value, shape.Members.Single(m => m.Name == p.Name).Shape)))
            .Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value),
        ShapeKind.List => json.EnumerateArray().Select(i => Value(i, shape.Element!)).ToList(),
        ShapeKind.Map => json.EnumerateObject().ToDictionary(p => p.Name, p => Value(p.Value, shape.Element!)),
        ShapeKind.Boolean => json.GetBoolean(),
        ShapeKind.Integer => json.GetInt32(),
        ShapeKind.Long => json.GetInt64(),
        ShapeKind.Float => float.Parse(json.GetRawText().Trim('"'), Invariant),
        ShapeKind.Double => double.Parse(json.GetRawText().Trim('"'), Invariant),
        ShapeKind.Timestamp => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(json.GetDouble() * 1000)),
        ShapeKind.Blob => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(json.GetString()!)),
        ShapeKind.Document => json,
        _ => json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText(),
    };

    /// <summary>Takes out of query maps what has a member of its own: a client may send it from either.</summary>
    public static object? Unbound(object? record, Shape shape)
    {
        var members = (Dictionary<string, object?>)record!;
        var query = shape.Members.Where(m => m.Location == MemberLocation.Query).ToList();
        var bound = query.Select(m => m.LocationName!).ToHashSet();
        foreach (var map in query.Where(m => m.Shape.Kind == ShapeKind.Map))
        {
            if (members.GetValueOrDefault(map.Name) is not Dictionary<string, object?> entries) continue;
            foreach (var name in bound) entries.Remove(name);
            if (entries.Count == 0) members.Remove(map.Name);
        }

        return record;
    }

    /// <summary>A value in one spelling, so that two can be compared and the difference be read.</summary>
    public static string Spelt(object? value) => value switch
    {
        null => "null",
        IReadOnlyDictionary<string, object?> record => "{" + string.Join(", ", record
            .OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}: {Spelt(e.Value)}")) + "}",
        string text => JsonSerializer.Serialize(text),
        ReadOnlyMemory<byte> bytes => "bytes " + Convert.ToHexString(bytes.Span),
        DateTimeOffset time => "time " + time.ToUnixTimeMilliseconds(),
        JsonElement document => "document " + JsonSerializer.Serialize(document),
        System.Collections.IEnumerable items => "[" + string.Join(", ", items.Cast<object?>().Select(Spelt)) + "]",
        _ => Convert.ToString(value, Invariant)!,
    };

    private static IFormatProvider Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private Shape Of(string name, string? xmlName = null, (string, string)? space = null)
    {
        var key = $"{name}|{xmlName}|{space}";
        if (_built.TryGetValue(key, out var known)) return known;
        return _built[key] = Build(name, shapes.GetProperty(name), xmlName, space);
    }

    private Shape Build(string name, JsonElement shape, string? xmlName, (string, string)? space)
    {
        var type = shape.GetProperty("type").GetString()!;
        var timestamp = Text(shape, "timestampFormat") switch
        {
            "iso8601" => TimestampFormat.Iso8601,
            "rfc822" => TimestampFormat.HttpDate,
            "unixTimestamp" => TimestampFormat.UnixSeconds,
            _ => (TimestampFormat?)null,
        };
        return type switch
        {
            "structure" when Flag(shape, "document") => Shape.Scalar(ShapeKind.Document),
            "structure" => Shape.Structure(
                name, [.. shape.GetProperty("members").EnumerateObject().Select(m => Member(m, shape))],
                Flag(shape, "union"), xmlName ?? Text(shape, "locationName"), space ?? Namespace(shape)),
            "list" => Shape.List(() => Of(shape.GetProperty("member").GetProperty("shape").GetString()!),
                Text(shape.GetProperty("member"), "locationName") ?? "member"),
            "map" => Shape.Map(() => Of(shape.GetProperty("value").GetProperty("shape").GetString()!),
                Text(shape.GetProperty("key"), "locationName") ?? "key",
                Text(shape.GetProperty("value"), "locationName") ?? "value"),
            "string" or "character" => Shape.Scalar(ShapeKind.String),
            _ => Shape.Scalar(Enum.Parse<ShapeKind>(type, ignoreCase: true), timestamp),
        };
    }

    private Member Member(JsonProperty member, JsonElement structure)
    {
        var (name, reference) = (member.Name, member.Value);
        var target = reference.GetProperty("shape").GetString()!;
        var list = shapes.GetProperty(target);
        var isFlattened = Flag(reference, "flattened") || Flag(list, "flattened");
        var wire = Text(reference, "locationName");
        var location = Text(reference, "location") switch
        {
            "uri" => MemberLocation.Path,
            "querystring" => MemberLocation.Query,
            "header" => MemberLocation.Header,
            "headers" => MemberLocation.Headers,
            "statusCode" => MemberLocation.StatusCode,
            _ => Text(structure, "payload") == name ? MemberLocation.Payload : MemberLocation.Body,
        };
        return new Member(name, () => Of(target))
        {
            RequestWire = wire,
            ResponseWire = wire ?? (location == MemberLocation.Payload ? null : name),
            Location = location,
            LocationName = wire ?? name,
            Flattened = isFlattened,
            XmlAttribute = Flag(reference, "xmlAttribute"),
            XmlNamespace = Namespace(reference) ?? Namespace(list),
            Required = structure.TryGetProperty("required", out var required)
                && required.EnumerateArray().Any(r => r.GetString() == name),
        };
    }

    private static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var flag) && flag.GetBoolean();

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static (string, string)? Namespace(JsonElement json) => json.TryGetProperty("xmlNamespace", out var space)
        ? space.ValueKind == JsonValueKind.String
            ? ("", space.GetString()!)
            : (Text(space, "prefix") ?? "", space.GetProperty("uri").GetString()!)
        : null;
}
