using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Makes records out of JSON.</summary>
/// <remarks>
/// A null is an absent value. A value of the wrong type is malformed (<c>SerializationException</c>), a value of the
/// right type outside its bounds is invalid (<c>ValidationException</c>), and so is a member that nobody knows.
/// </remarks>
internal sealed class JsonRecordReader(JsonRules rules)
{
    /// <summary>The deepest request of the services here has some 12 levels; a stack frame each is
    /// affordable.</summary>
    private const int DepthMax = 64;

    private readonly ConcurrentDictionary<Shape, Dictionary<string, Member>> _plans = new();

    /// <summary>Reads a document's members into an array by <see cref="Member.Index"/>; no bytes are an empty
    /// document.</summary>
    public void Members(ReadOnlySpan<byte> json, Shape shape, object?[] values)
    {
        if (json.IsEmpty) return;
        Parse(json, (ref Utf8JsonReader reader) =>
        {
            Expect(reader, JsonTokenType.StartObject, "", "an object");
            Members(ref reader, shape, values, "");
            return null;
        });
    }

    /// <summary>Reads one value: a payload.</summary>
    public object? Value(ReadOnlySpan<byte> json, Shape shape, string path) =>
        Parse(json, (ref Utf8JsonReader reader) => Value(ref reader, shape, null, path));

    /// <summary>Refuses a record that lacks what it must have.</summary>
    public void CheckRequired(Shape shape, object?[] values, string path)
    {
        foreach (var member in shape.Members)
        {
            if (member.Required && values[member.Index] is null)
                throw rules.Faults.Missing(Path(path, member.LocationName ?? rules.Name(member, request: true)));
        }
    }

    private delegate object? Step(ref Utf8JsonReader reader);

    private object? Parse(ReadOnlySpan<byte> json, Step step)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            reader.Read();
            var value = step(ref reader);
            while (reader.Read())
            {
                // Only white space may follow; the reader itself refuses anything else.
            }

            return value;
        }
        catch (Exception malformed)
            when (malformed is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException is what the reader says to half a surrogate pair or bad UTF-8 in a string.
            throw rules.Faults.Malformed("The request's body is not valid JSON");
        }
    }

    private void Members(ref Utf8JsonReader reader, Shape shape, object?[] values, string path)
    {
        var plan = _plans.GetOrAdd(shape, static (s, r) => s.Members.Where(m => m.Location == MemberLocation.Body)
            .ToDictionary(m => r.Name(m, request: true), StringComparer.Ordinal), rules);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (!plan.TryGetValue(name, out var member))
            {
                // Some clients send the type's name along.
                if (name == "__type" || reader.TokenType == JsonTokenType.Null)
                {
                    reader.Skip();
                    continue;
                }

                throw shape.Unsupported.TryGetValue(name, out var reason)
                    ? rules.Faults.Unsupported(Path(path, name), reason)
                    : rules.Faults.Unknown(Path(path, name));
            }

            var at = Path(path, name);
            if (member.Unsupported is { } why && reader.TokenType != JsonTokenType.Null)
                throw rules.Faults.Unsupported(at, why);
            if (Value(ref reader, member.Shape, member, at) is not { } value) continue;
            if (values[member.Index] is not null) throw rules.Faults.Malformed($"The member {at} is given twice");
            if (member.Limits?.Broken(value) is { } broken) throw rules.Faults.Invalid(Shown(value), at, broken);
            values[member.Index] = value;
        }
    }

    private object? Value(ref Utf8JsonReader reader, Shape shape, Member? member, string path)
    {
        if (shape.Kind == ShapeKind.Document) return JsonElement.ParseValue(ref reader);
        if (reader.TokenType == JsonTokenType.Null) return null;
        return shape.Kind switch
        {
            ShapeKind.Structure => Structure(ref reader, shape, path),
            ShapeKind.List => List(ref reader, shape, path),
            ShapeKind.Map => Map(ref reader, shape, path),
            _ => Scalar(ref reader, shape, member, path),
        };
    }

    private object Structure(ref Utf8JsonReader reader, Shape shape, string path)
    {
        Expect(reader, JsonTokenType.StartObject, path, "an object");
        var values = new object?[shape.Members.Count];
        Members(ref reader, shape, values, path);
        CheckRequired(shape, values, path);
        if (shape.Union && values.Count(v => v is not null) != 1)
            throw rules.Faults.Invalid("", path, "Exactly one member must be set");
        return shape.Create(values);
    }

    private object List(ref Utf8JsonReader reader, Shape shape, string path)
    {
        Expect(reader, JsonTokenType.StartArray, path, "a list");
        var items = new List<object?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Value(ref reader, shape.Element!, null, $"{path}.{items.Count + 1}.member") is { } item)
                items.Add(item);
        }

        return shape.CreateList(items);
    }

    private object Map(ref Utf8JsonReader reader, Shape shape, string path)
    {
        Expect(reader, JsonTokenType.StartObject, path, "a map");
        var entries = new Dictionary<string, object?>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            var value = Value(ref reader, shape.Element!, null, $"{path}.{Faults.Quoted(key)}");
            if (value is not null && !entries.TryAdd(key, value))
                throw rules.Faults.Malformed($"The key {Faults.Quoted(key)} of {path} is given twice");
        }

        return shape.CreateMap(entries);
    }

    private object Scalar(ref Utf8JsonReader reader, Shape shape, Member? member, string path)
    {
        var token = reader.TokenType;
        var isNumber = token == JsonTokenType.Number;
        var isText = token == JsonTokenType.String;
        object? value = null;
        switch (shape.Kind)
        {
            case ShapeKind.Boolean when token is JsonTokenType.True or JsonTokenType.False:
                value = reader.GetBoolean();
                break;
            case ShapeKind.Integer when isNumber && reader.TryGetInt32(out var number): value = number; break;
            case ShapeKind.Long when isNumber && reader.TryGetInt64(out var number): value = number; break;
            case ShapeKind.Double when isNumber && reader.TryGetDouble(out var number): value = number; break;
            case ShapeKind.Float when isNumber && reader.TryGetSingle(out var number): value = number; break;
            case ShapeKind.Double or ShapeKind.Float
                when isText && reader.GetString() is "NaN" or "Infinity" or "-Infinity":
                value = Scalars.Parse(shape, reader.GetString()!, default);
                break;
            case ShapeKind.Blob when isText && reader.TryGetBytesFromBase64(out var bytes):
                value = Scalars.Blob(shape, bytes);
                break;
            case ShapeKind.Timestamp:
                value = Time(ref reader, member?.Timestamp ?? shape.Timestamp ?? TimestampFormat.UnixSeconds);
                break;
            case ShapeKind.String when isText: value = reader.GetString(); break;
            case ShapeKind.Enum when isText:
                var text = reader.GetString()!;
                value = shape.Enum!.Value(text) ?? throw rules.Faults.Invalid(text, path, Faults.TypeOf(shape));
                break;
        }

        return value ?? throw WrongType(path, $"a value of type {shape.Kind}");
    }

    private static object? Time(ref Utf8JsonReader reader, TimestampFormat format)
    {
        DateTimeOffset time;
        if (format == TimestampFormat.UnixSeconds)
        {
            return reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var seconds)
                && Timestamps.TryFromSeconds(seconds, out time) ? time : null;
        }

        return reader.TokenType == JsonTokenType.String && Timestamps.TryParse(reader.GetString()!, format, out time)
            ? time
            : null;
    }

    private void Expect(in Utf8JsonReader reader, JsonTokenType token, string path, string what)
    {
        if (reader.TokenType != token) throw WrongType(path, what);
    }

    private AwsException WrongType(string path, string what) =>
        rules.Faults.Malformed($"{(path.Length == 0 ? "The request's body" : path)} must be {what}");

    private static string Path(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Shown(object value) => value switch
    {
        string text => text,
        System.Collections.ICollection many => $"{many.Count} values",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => "…",
    };
}
