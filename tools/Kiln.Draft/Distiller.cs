using System.IO.Compression;
using System.Text.Json;

namespace Kiln.Draft;

/// <summary>Takes the facts out of the public API model (service-2.json, plain or gzipped) and leaves the prose
/// behind.</summary>
public sealed class Distiller
{
    /// <summary>Patterns longer than this say little to a reader and are not kept.</summary>
    private const int PatternLengthMax = 100;

    private readonly string _service;
    private readonly JsonElement _shapes;
    private readonly SortedDictionary<string, ApiShape> _kept = new(StringComparer.Ordinal);

    private Distiller(string service, JsonElement shapes) => (_service, _shapes) = (service, shapes);

    /// <summary>Distils one service's model.</summary>
    /// <param name="service">Kiln's name of the service.</param>
    /// <param name="path">The model's file; a name that ends in <c>.gz</c> is unpacked.</param>
    public static ApiModel Distil(string service, string path)
    {
        using var model = Open(path);
        return new Distiller(service, model.RootElement.GetProperty("shapes")).Run(model.RootElement);
    }

    /// <summary>The newest version's model below the root folder of the public models.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static string NewestModel(string root, string service)
    {
        var folder = Path.Combine(root, service);
        var versions = Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        return versions.OrderDescending(StringComparer.Ordinal)
            .SelectMany(v => new[] { Path.Combine(v, "service-2.json"), Path.Combine(v, "service-2.json.gz") })
            .FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"No service-2.json or service-2.json.gz below {folder}.");
    }

    private static JsonDocument Open(string path)
    {
        using var file = File.OpenRead(path);
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
            return JsonDocument.Parse(file);
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        return JsonDocument.Parse(unpacked);
    }

    private ApiModel Run(JsonElement model)
    {
        var metadata = model.GetProperty("metadata");
        var operations = new SortedDictionary<string, ApiOperation>(StringComparer.Ordinal);
        foreach (var operation in model.GetProperty("operations").EnumerateObject())
            operations[operation.Name] =
                Selection.Keeps(_service, operation.Name) ? Operation(operation.Value) : new ApiOperation();

        return new ApiModel
        {
            Service = _service,
            ApiVersion = Text(metadata, "apiVersion")!,
            Protocol = Text(metadata, "protocol")!,
            SigningName = Text(metadata, "signingName") ?? Text(metadata, "endpointPrefix")!,
            XmlNamespace = Text(metadata, "xmlNamespace"),
            TargetPrefix = Text(metadata, "targetPrefix"),
            JsonVersion = Text(metadata, "jsonVersion"),
            Operations = operations,
            Shapes = _kept,
        };
    }

    private ApiOperation Operation(JsonElement operation)
    {
        var http = operation.GetProperty("http");
        var errors = operation.TryGetProperty("errors", out var list)
            ? list.EnumerateArray().Select(Error).ToArray()
            : null;
        return new ApiOperation
        {
            Http = $"{Text(http, "method")} {Text(http, "requestUri")}",
            Status = http.TryGetProperty("responseCode", out var status) ? status.GetInt32() : null,
            Input = Keep(operation, "input"),
            Output = Keep(operation, "output"),
            Wrapper = operation.TryGetProperty("output", out var output) ? Text(output, "resultWrapper") : null,
            Errors = errors,
        };
    }

    private string? Keep(JsonElement operation, string side) =>
        operation.TryGetProperty(side, out var reference) ? Keep(Text(reference, "shape")!) : null;

    // An error without facts of its own answers with its shape's name and 400, as every protocol here does.
    private string Error(JsonElement reference)
    {
        var name = Text(reference, "shape")!;
        var shape = _shapes.GetProperty(name);
        var code = name;
        var status = 400;
        if (shape.TryGetProperty("error", out var error))
        {
            code = Text(error, "code") ?? name;
            status = error.TryGetProperty("httpStatusCode", out var number) ? number.GetInt32() : status;
        }
        return $"{code} {status}";
    }

    /// <summary>Keeps a shape and all it reaches.</summary>
    /// <returns>The name under which a reference finds it: its own, or the bare type where there is nothing more to
    /// say.</returns>
    private string Keep(string name)
    {
        if (_kept.ContainsKey(name))
            return name;
        var shape = _shapes.GetProperty(name);
        var type = Text(shape, "type")!;
        var facts = Facts(shape, type);
        if (type is not ("structure" or "list" or "map") && facts == new ApiShape { Type = type })
            return _shapes.TryGetProperty(type, out var clash) && Facts(clash, type) != facts
                ? throw new InvalidDataException($"{_service}: the shape '{type}' is named as a bare type.")
                : type;

        // Stored before its members, since a shape may reach itself.
        _kept[name] = facts;
        _kept[name] = facts with
        {
            Members = type == "structure"
                ? shape.GetProperty("members").EnumerateObject()
                    .ToDictionary(m => m.Name, m => Member(m.Value, m.Name), StringComparer.Ordinal)
                : null,
            Element = type switch
            {
                "list" => Member(shape.GetProperty("member"), null),
                "map" => Member(shape.GetProperty("value"), null),
                _ => null,
            },
            Key = type == "map" ? Member(shape.GetProperty("key"), null) : null,
        };
        return name;
    }

    private static ApiShape Facts(JsonElement shape, string type) => new()
    {
        Type = type,
        Required = Strings(shape, "required"),
        Payload = Text(shape, "payload"),
        Union = Flag(shape, "union"),
        Enum = Strings(shape, "enum"),
        Min = Number(shape, "min"),
        Max = Number(shape, "max"),
        Pattern = Text(shape, "pattern") is { Length: <= PatternLengthMax } pattern ? pattern : null,
        TimestampFormat = Text(shape, "timestampFormat"),
    };

    private ApiMember Member(JsonElement member, string? own)
    {
        var target = _shapes.GetProperty(Text(member, "shape")!);
        var name = Text(member, "locationName");
        return new ApiMember
        {
            Shape = Keep(Text(member, "shape")!),
            Name = name == own ? null : name,
            Query = Text(member, "queryName"),
            In = Text(member, "location"),
            Idempotency = Flag(member, "idempotencyToken"),
            Flattened = Flag(member, "flattened") || Flag(target, "flattened"),
        };
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static bool Flag(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static double? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : null;

    private static string[]? Strings(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.GetArrayLength() > 0
            ? [.. value.EnumerateArray().Select(v => v.GetString()!)]
            : null;
}
