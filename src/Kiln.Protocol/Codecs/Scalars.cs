using System.Globalization;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Scalars as text: in forms, XML, headers, queries and labels.</summary>
internal static class Scalars
{
    /// <summary>The value of a text, or null where it is none of that shape.</summary>
    public static object? Parse(Shape shape, string text, TimestampFormat format)
    {
        const NumberStyles whole = NumberStyles.AllowLeadingSign;
        var culture = CultureInfo.InvariantCulture;
        return shape.Kind switch
        {
            ShapeKind.String => text,
            ShapeKind.Enum => shape.Enum!.Value(text),
            ShapeKind.Boolean => bool.TryParse(text, out var value) ? value : null,
            ShapeKind.Integer => int.TryParse(text, whole, culture, out var value) ? value : null,
            ShapeKind.Long => long.TryParse(text, whole, culture, out var value) ? value : null,
            ShapeKind.Float => float.TryParse(text, NumberStyles.Float, culture, out var value) ? value : null,
            ShapeKind.Double => double.TryParse(text, NumberStyles.Float, culture, out var value) ? value : null,
            ShapeKind.Timestamp => Timestamps.TryParse(text, shape.Timestamp ?? format, out var value) ? value : null,
            ShapeKind.Blob => Base64(text) is { } bytes ? Blob(shape, bytes.AsMemory()) : null,
            _ => null,
        };
    }

    /// <summary>The text of a value.</summary>
    public static string Text(Shape shape, object value, TimestampFormat format) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTimeOffset time => Timestamps.Format(time, shape.Timestamp ?? format),
        byte[] bytes => Convert.ToBase64String(bytes),
        ReadOnlyMemory<byte> bytes => Convert.ToBase64String(bytes.Span),
        IFormattable number when shape.Kind != ShapeKind.Enum => number.ToString(null, CultureInfo.InvariantCulture),
        _ => EnumTable.Of(value.GetType()).Text(value),
    };

    /// <summary>Bytes as the type that a record wants.</summary>
    public static object Blob(Shape shape, ReadOnlyMemory<byte> bytes) =>
        shape.ClrType == typeof(byte[]) ? bytes.ToArray() : bytes;

    public static ReadOnlyMemory<byte> Bytes(object blob) =>
        blob is byte[] bytes ? bytes : (ReadOnlyMemory<byte>)blob;

    private static byte[]? Base64(string text)
    {
        var bytes = new byte[text.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
