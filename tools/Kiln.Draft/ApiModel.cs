using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kiln.Draft;

/// <summary>The facts of one AWS service's public API: names, types, bindings and bounds, and no prose.</summary>
/// <remarks>
/// Distilled from the public model by <see cref="Distiller"/>, kept as one JSON file per service with one operation or
/// shape per line, so that a change of the API is a readable diff. It judges our records; it generates none of them.
/// </remarks>
public sealed record ApiModel
{
    /// <summary>Kiln's name of the service, which is also the one in a signature's scope, e.g. <c>ec2</c>.</summary>
    public required string Service { get; init; }

    /// <summary>The API version, e.g. <c>2016-11-15</c>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>The wire protocol: <c>ec2</c>, <c>query</c>, <c>json</c> or <c>rest-json</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>The name that a signature's scope carries.</summary>
    public required string SigningName { get; init; }

    /// <summary>The XML namespace of answers, for the two query protocols.</summary>
    public string? XmlNamespace { get; init; }

    /// <summary>What stands before the dot in <c>X-Amz-Target</c>, for the JSON protocol.</summary>
    public string? TargetPrefix { get; init; }

    /// <summary>The version in the content type, for the JSON protocols.</summary>
    public string? JsonVersion { get; init; }

    /// <summary>Every operation of the service by name; those outside the distilled selection have no
    /// binding.</summary>
    public SortedDictionary<string, ApiOperation> Operations { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The shapes that a selected operation reaches and that say more than a bare type.</summary>
    public SortedDictionary<string, ApiShape> Shapes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Whether the rule of this JSON service is a small first letter (Image Builder), members aside that
    /// differ.</summary>
    [JsonIgnore]
    public bool LowerCase
    {
        get
        {
            var names = Shapes.Values.SelectMany(s => s.Members?.Select(m => m.Value.Name ?? m.Key) ?? []).ToList();
            return Protocol is "json" or "rest-json"
                && names.Count(n => char.IsAsciiLetterLower(n[0])) > names.Count * 9 / 10;
        }
    }

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The shape of this name; a name that is no shape is a bare type such as <c>string</c>.</summary>
    public ApiShape Resolve(string shape) =>
        Shapes.TryGetValue(shape, out var found) ? found : new ApiShape { Type = shape };

    /// <summary>Reads a distilled file.</summary>
    /// <exception cref="InvalidDataException">The file is no distilled model.</exception>
    public static ApiModel Read(string path) =>
        JsonSerializer.Deserialize<ApiModel>(File.ReadAllBytes(path), Options)
        ?? throw new InvalidDataException($"{path} is empty. Distil it again.");

    /// <summary>The file's text: one operation or shape per line, in order of name.</summary>
    public string Write()
    {
        var text = new StringBuilder("{\n");
        foreach (var (name, value) in new[]
                 {
                     ("service", Service), ("apiVersion", ApiVersion), ("protocol", Protocol),
                     ("signingName", SigningName), ("xmlNamespace", XmlNamespace), ("targetPrefix", TargetPrefix),
                     ("jsonVersion", JsonVersion),
                 })
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $"\"{name}\":{JsonSerializer.Serialize(value, Options)},\n");
        Section(text, "operations", Operations);
        text.Append(",\n");
        Section(text, "shapes", Shapes);
        return text.Append("\n}\n").ToString();
    }

    private static void Section<T>(StringBuilder text, string name, SortedDictionary<string, T> entries)
    {
        text.Append('"').Append(name).Append("\":{\n");
        text.AppendJoin(",\n", entries.Select(e => $"\"{e.Key}\":{JsonSerializer.Serialize(e.Value, Options)}"));
        text.Append("\n}");
    }
}
