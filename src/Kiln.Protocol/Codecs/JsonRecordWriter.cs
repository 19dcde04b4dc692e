using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Writes records as JSON; absent members are left out.</summary>
internal sealed class JsonRecordWriter(JsonRules rules)
{
    private static readonly JsonWriterOptions Options = new()
    {
        // The answer is never put into a page, so only what JSON itself needs is escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ConcurrentDictionary<Shape, (Member Member, JsonEncodedText Name)[]> _plans = new();

    /// <summary>Writes a structure.</summary>
    public void Write(PooledBuffer to, object record, Shape shape)
    {
        using var json = new Utf8JsonWriter(to, Options);
        Value(json, record, shape, null);
    }

    /// <summary>Writes an error's members.</summary>
    public static void WriteError(PooledBuffer to, string? type, string messageName, Errors.AwsException error)
    {
        using var json = new Utf8JsonWriter(to, Options);
        json.WriteStartObject();
        if (type is not null) json.WriteString("__type", type);
        json.WriteString(messageName, error.Message);
        foreach (var (name, value) in error.Members) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private void Structure(Utf8JsonWriter json, object record, Shape shape)
    {
        var plan = _plans.GetOrAdd(shape, static (s, r) => [.. s.Members.Where(m => m.IsInResponseBody)
            .Select(m => (m, JsonEncodedText.Encode(r.Name(m, request: false), Options.Encoder)))], rules);
        json.WriteStartObject();
        foreach (var (member, name) in plan) Member(json, record, member, name);
        json.WriteEndObject();
    }

    private void Member(Utf8JsonWriter json, object record, Member member, JsonEncodedText name)
    {
        switch (member.Shape.Kind)
        {
            case ShapeKind.String or ShapeKind.Enum:
                if (member.Accessor.Text(record) is { } text) json.WriteString(name, text);
                return;
            case ShapeKind.Boolean:
                if (member.Accessor.TryBoolean(record, out var flag)) json.WriteBoolean(name, flag);
                return;
            case ShapeKind.Integer or ShapeKind.Long:
                if (member.Accessor.TryLong(record, out var number)) json.WriteNumber(name, number);
                return;
            default:
                if (member.Get(record) is not { } value) return;
                json.WritePropertyName(name);
                Value(json, value, member.Shape, member);
                return;
        }
    }

    private void Value(Utf8JsonWriter json, object? value, Shape shape, Member? member)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case float number when float.IsFinite(number): json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case float number: json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture)); break;
            case DateTimeOffset time: Time(json, time, member?.Timestamp ?? shape.Timestamp); break;
            case JsonElement document: document.WriteTo(json); break;
            case string text: json.WriteStringValue(text); break;
            case byte[] or ReadOnlyMemory<byte>: json.WriteBase64StringValue(Scalars.Bytes(value).Span); break;
            case Enum: json.WriteStringValue(shape.Enum!.Text(value)); break;
            default: Compound(json, value, shape); break;
        }
    }

    private void Compound(Utf8JsonWriter json, object value, Shape shape)
    {
        if (shape.Kind == ShapeKind.Structure)
        {
            Structure(json, value, shape);
        }
        else if (shape.Kind == ShapeKind.Map)
        {
            json.WriteStartObject();
            var entries = ((IDictionary)value).GetEnumerator();
            while (entries.MoveNext())
            {
                json.WritePropertyName((string)entries.Key);
                Value(json, entries.Value, shape.Element!, null);
            }

            json.WriteEndObject();
        }
        else
        {
            json.WriteStartArray();
            foreach (var item in (IEnumerable)value) Value(json, item, shape.Element!, null);
            json.WriteEndArray();
        }
    }

    private static void Time(Utf8JsonWriter json, DateTimeOffset time, TimestampFormat? format)
    {
        if (format is { } other and not TimestampFormat.UnixSeconds)
            json.WriteStringValue(Timestamps.Format(time, other));
        else json.WriteRawValue(Timestamps.Format(time, TimestampFormat.UnixSeconds), skipInputValidation: true);
    }
}
