using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Serialization;

namespace Kiln.Protocol.Shapes;

/// <summary>The wire texts of an enum, both ways.</summary>
/// <remarks>
/// A member's text is its <see cref="EnumMemberAttribute"/> value, e.g. <c>x86_64</c>; without one it is the member's
/// name with a small first letter. Texts are compared exactly, as AWS compares them.
/// </remarks>
public sealed class EnumTable
{
    private static readonly ConcurrentDictionary<Type, EnumTable> Tables = new();
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<object, string> _texts = [];

    private EnumTable(Type type)
    {
        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var text = TextOf(field);
            var value = field.GetValue(null)!;
            _values.Add(text, value);
            _texts.TryAdd(value, text);
        }
    }

    /// <summary>All wire texts, in the order of declaration.</summary>
    public IReadOnlyCollection<string> Texts => _values.Keys;

    /// <summary>The table of an enum type.</summary>
    public static EnumTable Of(Type type) => Tables.GetOrAdd(type, static t => new EnumTable(t));

    /// <summary>The value that a text stands for, or null.</summary>
    public object? Value(string text) => _values.GetValueOrDefault(text);

    /// <summary>The text of a value; a number without a member is written as a number.</summary>
    public string Text(object value) => _texts.GetValueOrDefault(value) ?? value.ToString()!;

    internal static string TextOf(FieldInfo field) =>
        field.GetCustomAttribute<EnumMemberAttribute>()?.Value ?? Names.Camel(field.Name);
}

/// <summary>The wire texts of one enum without boxing: for writing.</summary>
internal static class EnumTexts<T> where T : struct, Enum
{
    private static readonly Dictionary<T, string> Texts = Read();

    public static string Of(T value) => Texts.GetValueOrDefault(value) ?? value.ToString();

    private static Dictionary<T, string> Read()
    {
        var texts = new Dictionary<T, string>();
        foreach (var field in typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static))
            texts.TryAdd((T)field.GetValue(null)!, EnumTable.TextOf(field));
        return texts;
    }
}
