using System.Runtime.Serialization;
using System.Text;
using CsCheck;
using Kiln.Protocol.Shapes;
using Kiln.Tests.Protocol.Vectors;

namespace Kiln.Tests.Protocol;

/// <summary>A record with a member of every kind, and random values of it.</summary>
public sealed record Everything
{
    public enum Colour
    {
        Red,
        [EnumMember(Value = "dark_blue-2")] DarkBlue2,
    }

    public int Number { get; init; } = 7;
    public string? Text { get; init; }
    public bool? Flag { get; init; }
    public long? Big { get; init; }
    public double? Real { get; init; }
    public float? Single { get; init; }
    public DateTimeOffset? Time { get; init; }
    public ReadOnlyMemory<byte>? Bytes { get; init; }
    public Colour? Paint { get; init; }
    public IReadOnlyList<string>? Texts { get; init; }
    public IReadOnlyList<int>? Numbers { get; init; }
    public Everything? Child { get; init; }
    public IReadOnlyList<Everything>? Children { get; init; }
    public IReadOnlyDictionary<string, string>? Map { get; init; }

    /// <summary>Text that XML 1.0 can carry, never empty; any plane, markup and line ends included.</summary>
    private static readonly Gen<string> Words = Gen.OneOf(
        Gen.String[Gen.Char['\u0020', '\u007e'], 1, 20],
        Gen.OneOfConst("<&>\"'", "\r\n\t", "é", "😀", "]]>", " a ", "a=b&c+d%2", "\u0085\u2028", "null"));

    /// <summary>Random records, so many levels deep.</summary>
    public static Gen<Everything> Random(int depth, bool hasMaps = true)
    {
        var flat = Gen.Select(
            Gen.Int, Words.Null(), Gen.Bool.Nullable(), Gen.Long.Nullable(), Gen.Double.Nullable(),
            Gen.Float.Nullable(),
            Gen.Select(
                Gen.Long[-62_135_596_800_000, 253_402_300_799_000],
                Gen.Enum<Colour>().Nullable(),
                Gen.Byte.Array[1, 40].Null()),
            Gen.Select(Words.Array[1, 4].Null(), Gen.Int.Array[1, 4].Null(), Gen.Dictionary(Words, Words)[1, 3].Null()))
            .Select((number, text, flag, big, real, single, some, more) => new Everything
            {
                Number = number,
                Text = text,
                Flag = flag,
                Big = big,
                Real = real,
                Single = single,
                Time = DateTimeOffset.FromUnixTimeMilliseconds(some.Item1 / 1000 * 1000),
                Paint = some.Item2,
                Bytes = some.Item3 is null ? null : (ReadOnlyMemory<byte>?)some.Item3,
                Texts = more.Item1,
                Numbers = more.Item2,
                Map = hasMaps ? more.Item3 : null,
            });
        return depth == 0
            ? flat
            : Gen.Select(flat, Random(depth - 1, hasMaps).Null(), Random(depth - 1, hasMaps).Array[1, 3].Null())
                .Select((record, child, children) => record with { Child = child, Children = children });
    }

    /// <summary>All of a record in one spelling.</summary>
    public string Spelt() => VectorShapes.Spelt(Plain(this, Shape.Of<Everything>()));

    /// <summary>The record as a client of the query protocols would send it.</summary>
    public string Form(bool isEc2)
    {
        var form = new StringBuilder("Action=Do");
        Append(form, "", this, Shape.Of<Everything>(), isEc2);
        return form.ToString();
    }

    private static void Append(StringBuilder form, string name, object value, Shape shape, bool isEc2)
    {
        switch (shape.Kind)
        {
            case ShapeKind.Structure:
                foreach (var member in shape.Members)
                {
                    var at = name.Length == 0 ? member.Name : $"{name}.{member.Name}";
                    if (member.Get(value) is { } inner) Append(form, at, inner, member.Shape, isEc2);
                }

                break;
            case ShapeKind.List:
                var index = 0;
                foreach (var item in (System.Collections.IEnumerable)value)
                    Append(form, $"{name}.{(isEc2 ? "" : "member.")}{++index}", item, shape.Element!, isEc2);
                break;
            case ShapeKind.Map:
                var entry = 0;
                foreach (var (key, text) in (IReadOnlyDictionary<string, string>)value)
                {
                    form.Append($"&{name}.entry.{++entry}.key={Uri.EscapeDataString(key)}");
                    form.Append($"&{name}.entry.{entry}.value={Uri.EscapeDataString(text)}");
                }

                break;
            default:
                form.Append($"&{name}={Uri.EscapeDataString(Scalar(shape, value))}");
                break;
        }
    }

    private static string Scalar(Shape shape, object value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        ReadOnlyMemory<byte> bytes => Convert.ToBase64String(bytes.Span),
        DateTimeOffset time => Kiln.Protocol.Codecs.Timestamps.Format(time, TimestampFormat.Iso8601),
        Enum => shape.Enum!.Text(value),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };

    private static object? Plain(object? value, Shape shape) => value is null ? null : shape.Kind switch
    {
        ShapeKind.Structure => shape.Members.ToDictionary(m => m.Name, m => Plain(m.Get(value), m.Shape)),
        ShapeKind.List => ((System.Collections.IEnumerable)value).Cast<object?>()
            .Select(item => Plain(item, shape.Element!)).ToList(),
        ShapeKind.Map => ((IReadOnlyDictionary<string, string>)value).ToDictionary(e => e.Key, e => (object?)e.Value),
        _ => value,
    };
}
