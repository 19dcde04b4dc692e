using System.Collections.Concurrent;

namespace Kiln.Protocol.Shapes;

/// <summary>What a value looks like on the wire: all that a codec needs to read or write it.</summary>
/// <remarks>
/// Comes from a CLR type (<see cref="Of(Type)"/>; built by reflection on first use, then cached) or from a description
/// (<see cref="Structure"/> and its fellows), in which case records are dictionaries by the model's member names.
/// </remarks>
public sealed class Shape
{
    private static readonly ConcurrentDictionary<Type, Shape> Shapes = new();

    internal Shape(ShapeKind kind, string name, Type type) => (Kind, Name, ClrType) = (kind, name, type);

    /// <summary>What the value is.</summary>
    public ShapeKind Kind { get; }

    /// <summary>A name for messages and for XML roots.</summary>
    public string Name { get; }

    /// <summary>The CLR type of its values; the underlying one where it is nullable.</summary>
    public Type ClrType { get; }

    /// <summary>The members of a structure, in the order of declaration.</summary>
    public IReadOnlyList<Member> Members { get; internal init; } = [];

    /// <summary>Members that AWS has and we refuse, by the model's name, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unsupported { get; internal init; } = new Dictionary<string, string>();

    /// <summary>The shape of a list's items or a map's values.</summary>
    public Shape? Element => LazyElement?.Value;

    /// <summary>In XML, the name of a list's items where it is not the protocol's rule.</summary>
    public string? ElementName { get; init; }

    /// <summary>In XML, the name of a map entry's key element.</summary>
    public string KeyName { get; init; } = "key";

    /// <summary>In XML, the name of a map entry's value element.</summary>
    public string ValueName { get; init; } = "value";

    /// <summary>How it spells an instant, where that is not the protocol's rule.</summary>
    public TimestampFormat? Timestamp { get; init; }

    /// <summary>The name of its XML root element where that is not its own.</summary>
    public string? XmlName { get; init; }

    /// <summary>The namespace that its root element declares.</summary>
    public (string Prefix, string Uri)? XmlNamespace { get; init; }

    /// <summary>Whether exactly one member of the structure must be given.</summary>
    public bool Union { get; init; }

    /// <summary>The texts of an enum.</summary>
    public EnumTable? Enum { get; internal init; }

    internal Lazy<Shape>? LazyElement { get; init; }

    /// <summary>Makes a structure out of its members' values; a null leaves the member's default.</summary>
    internal Func<object?[], object> Create { get; init; } = static _ => throw new InvalidOperationException();

    /// <summary>Makes a list out of its items.</summary>
    internal Func<List<object?>, object> CreateList { get; init; } = static items => items;

    /// <summary>Makes a map out of its entries.</summary>
    internal Func<Dictionary<string, object?>, object> CreateMap { get; init; } = static entries => entries;

    /// <summary>The shape of a CLR type.</summary>
    /// <exception cref="NotSupportedException">The type, or one of a member, is none that a wire can carry.</exception>
    public static Shape Of(Type type) => Shapes.GetOrAdd(Nullable.GetUnderlyingType(type) ?? type, ClrShape.Build);

    /// <summary>The shape of a CLR type.</summary>
    public static Shape Of<T>() => Of(typeof(T));

    /// <summary>Describes a structure; its records are <see cref="Dictionary{TKey,TValue}"/> by member name.</summary>
    public static Shape Structure(
        string name,
        IReadOnlyList<Member> members,
        bool union = false,
        string? xmlName = null,
        (string Prefix, string Uri)? xmlNamespace = null)
    {
        Number(members);
        return new Shape(ShapeKind.Structure, name, typeof(Dictionary<string, object?>))
        {
            Members = members,
            Union = union,
            XmlName = xmlName,
            XmlNamespace = xmlNamespace,
            Create = values => Entries(members, values),
        };
    }

    /// <summary>Describes a list; its values are lists of the element's values.</summary>
    public static Shape List(Func<Shape> element, string? elementName = null) =>
        new(ShapeKind.List, "List", typeof(List<object?>)) { LazyElement = new(element), ElementName = elementName };

    /// <summary>Describes a map; its values are dictionaries.</summary>
    public static Shape Map(Func<Shape> element, string keyName = "key", string valueName = "value") =>
        new(ShapeKind.Map, "Map", typeof(Dictionary<string, object?>))
        {
            LazyElement = new(element), KeyName = keyName, ValueName = valueName,
        };

    /// <summary>Describes a scalar.</summary>
    /// <exception cref="NotSupportedException">The kind is not a scalar, or an enum, which needs a type.</exception>
    public static Shape Scalar(ShapeKind kind, TimestampFormat? timestamp = null) =>
        new(kind, kind.ToString(), ClrShape.ScalarType(kind)) { Timestamp = timestamp };

    internal static void Number(IReadOnlyList<Member> members)
    {
        for (var i = 0; i < members.Count; i++) members[i].Index = i;
    }

    private static Dictionary<string, object?> Entries(IReadOnlyList<Member> members, object?[] values)
    {
        var record = new Dictionary<string, object?>();
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is { } value) record.Add(members[i].Name, value);
        }

        return record;
    }
}
