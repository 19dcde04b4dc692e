using System.Collections.Concurrent;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Makes records out of XML documents; namespaces are not compared.</summary>
internal sealed class XmlRecordReader(XmlRules rules, Faults faults)
{
    /// <summary>The deepest document of S3 has some 8 levels.</summary>
    private const int DepthMax = 64;

    private static readonly XmlReaderSettings Settings = new()
    {
        // A document type could name entities that expand without bound or read local files.
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
    };

    private readonly ConcurrentDictionary<Shape, Dictionary<string, Member>> _plans = new();

    /// <summary>The root element of a document.</summary>
    /// <exception cref="AwsException">It is not well-formed, or nested too deeply.</exception>
    public XElement Parse(ReadOnlyMemory<byte> xml)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(xml.ToArray()), Settings);
            var root = XElement.Load(reader);
            return Depth(root) <= DepthMax
                ? root
                : throw faults.Malformed($"The XML may have {DepthMax} levels at most");
        }
        catch (Exception malformed) when (malformed is XmlException or InvalidOperationException)
        {
            throw faults.Malformed("The XML you provided was not well-formed");
        }
    }

    /// <summary>Reads a structure's members out of an element into an array by <see cref="Member.Index"/>.</summary>
    public void Members(XElement element, Shape shape, object?[] values, string path)
    {
        var plan = _plans.GetOrAdd(shape, static (s, r) => s.Members.Where(m => m.Location == MemberLocation.Body)
            .ToDictionary(m => r.Name(m, request: true), StringComparer.Ordinal), rules);
        foreach (var group in element.Elements().GroupBy(e => e.Name.LocalName))
        {
            var at = path.Length == 0 ? group.Key : $"{path}.{group.Key}";
            if (!plan.TryGetValue(group.Key, out var member))
            {
                throw shape.Unsupported.TryGetValue(group.Key, out var reason)
                    ? faults.Unsupported(at, reason)
                    : faults.Unknown(at);
            }

            if (member.Unsupported is { } why) throw faults.Unsupported(at, why);
            Put(member, Member(member, [.. group], at), values, at);
        }

        foreach (var attribute in element.Attributes().Where(a => !a.IsNamespaceDeclaration))
        {
            // A member's name may carry a prefix, as in xsi:type.
            var member = plan.Values.FirstOrDefault(m => m.XmlAttribute
                && rules.Name(m, request: true).Split(':')[^1] == attribute.Name.LocalName);
            if (member is not null) Put(member, Text(member.Shape, member, attribute.Value, path), values, path);
        }
    }

    /// <summary>Reads one value.</summary>
    public object Value(XElement element, Shape shape, Member? member, string path)
    {
        switch (shape.Kind)
        {
            case ShapeKind.Structure:
                var values = new object?[shape.Members.Count];
                Members(element, shape, values, path);
                return Made(shape, values, path);
            case ShapeKind.List:
                var items = element.Elements().Where(e => e.Name.LocalName == rules.Element(member, shape));
                return List(items, shape, path);
            case ShapeKind.Map:
                return Map(element.Elements().Where(e => e.Name.LocalName == rules.EntryName), shape, path);
            default:
                return Text(shape, member, element.Value, path);
        }
    }

    /// <summary>Makes a record once its required members are there.</summary>
    public object Made(Shape shape, object?[] values, string path)
    {
        foreach (var member in shape.Members)
        {
            if (!member.Required || values[member.Index] is not null) continue;
            var name = member.LocationName ?? rules.Name(member, request: true);
            throw faults.Missing(path.Length == 0 ? name : $"{path}.{name}");
        }

        return shape.Create(values);
    }

    private static int Depth(XElement root)
    {
        var deepest = 0;
        foreach (var element in root.DescendantsAndSelf())
        {
            var depth = 0;
            for (var at = element; at is not null && depth <= DepthMax; at = at.Parent) depth++;
            deepest = Math.Max(deepest, depth);
        }

        return deepest;
    }

    private void Put(Member member, object value, object?[] values, string path)
    {
        if (member.Limits?.Broken(value) is { } broken)
            throw faults.Invalid(Convert.ToString(value, CultureInfo.InvariantCulture)!, path, broken);
        values[member.Index] = value;
    }

    private object Member(Member member, XElement[] elements, string path)
    {
        var shape = member.Shape;
        if (member.Flattened && shape.Kind == ShapeKind.List) return List(elements, shape, path);
        if (member.Flattened && shape.Kind == ShapeKind.Map) return Map(elements, shape, path);
        return elements is [var only]
            ? Value(only, shape, member, path)
            : throw faults.Malformed($"The element {path} stands {elements.Length} times");
    }

    private object List(IEnumerable<XElement> items, Shape shape, string path) =>
        shape.CreateList([.. items.Select(item => Value(item, shape.Element!, null, path))]);

    private object Map(IEnumerable<XElement> entries, Shape shape, string path)
    {
        var map = new Dictionary<string, object?>();
        foreach (var entry in entries)
        {
            var key = entry.Elements().FirstOrDefault(e => e.Name.LocalName == shape.KeyName)?.Value
                ?? throw faults.Missing($"{path}.{shape.KeyName}");
            var value = entry.Elements().FirstOrDefault(e => e.Name.LocalName == shape.ValueName)
                ?? throw faults.Missing($"{path}.{shape.ValueName}");
            if (!map.TryAdd(key, Value(value, shape.Element!, null, path)))
                throw faults.Malformed($"The key {Faults.Quoted(key)} of {path} is given twice");
        }

        return shape.CreateMap(map);
    }

    private object Text(Shape shape, Member? member, string text, string path) =>
        Scalars.Parse(shape, text, member?.Timestamp ?? TimestampFormat.Iso8601) ?? throw faults.Invalid(
            text, path, Faults.TypeOf(shape));
}
