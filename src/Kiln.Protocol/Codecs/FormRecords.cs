using System.Collections.Concurrent;
using System.Globalization;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Makes records out of a form's tree.</summary>
internal sealed class FormRecords(FormRules rules)
{
    /// <summary>The largest number in <c>Name.N</c>. Numbers may have gaps; the order is by number.</summary>
    private const int ListIndexMax = 10_000;

    private readonly ConcurrentDictionary<Shape, Dictionary<string, Member>> _plans = new();

    /// <summary>Reads a request record.</summary>
    public object Read(FormNode root, Shape shape) => Structure(root, shape, top: true)!;

    /// <summary>Parameters that are about the request, not of it.</summary>
    private static bool IsEnvelope(string segment) =>
        segment is "Action" or "Version" or "AWSAccessKeyId" or "SignatureVersion" or "SignatureMethod" or "Signature"
            or "Timestamp" or "Expires" or "SecurityToken"
        || segment.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase);

    private object? Structure(FormNode node, Shape shape, bool top)
    {
        if (!top && node.Value is { Length: > 0 } text)
            throw rules.Faults.Invalid(text, node.Path, "It is a structure and takes no value");
        var plan = _plans.GetOrAdd(shape, Plan);
        var values = new object?[shape.Members.Count];
        var given = false;
        foreach (var child in node.Children)
        {
            if (!plan.TryGetValue(child.Segment, out var member))
            {
                if (top && IsEnvelope(child.Segment)) continue;
                throw Refuse(child, shape);
            }

            if (member.Unsupported is { } why)
            {
                if (child.IsGiven) throw rules.Faults.Unsupported(child.Path, why);
                continue;
            }

            var value = Value(child, member);
            if (value is null) continue;
            values[member.Index] = value;
            given = true;
        }

        // A structure of which only empty strings came is absent: packer sends IamInstanceProfile.Name= for none.
        if (!given && !top && rules.Ec2) return null;
        foreach (var member in shape.Members)
        {
            if (member.Required && values[member.Index] is null)
                throw rules.Faults.Missing(member.MissingName ?? Path(node, member));
        }

        return shape.Create(values);
    }

    private Exception Refuse(FormNode child, Shape shape)
    {
        foreach (var (name, why) in shape.Unsupported)
        {
            // A list member is named in the plural and travels in the singular.
            if (name == child.Segment || name == child.Segment + "s" || name == child.Segment + "es")
                return rules.Faults.Unsupported(child.Path, why);
        }

        return rules.Faults.Unknown(child.Path);
    }

    private string Path(FormNode node, Member member) =>
        node.Path is { Length: > 0 } path ? $"{path}.{rules.Name(member)}" : rules.Name(member);

    private object? Value(FormNode node, Member member)
    {
        var value = Value(node, member.Shape, member);
        if (value is not null && member.Limits?.Broken(value) is { } broken)
            throw rules.Faults.Invalid(node.Value ?? $"{node.Children.Count} values", node.Path, broken);
        return value;
    }

    private object? Value(FormNode node, Shape shape, Member? member) => shape.Kind switch
    {
        ShapeKind.Structure => Structure(node, shape, top: false),
        ShapeKind.List => List(node, shape, member),
        ShapeKind.Map => Map(node, shape, member),
        _ => Scalar(node, shape, member),
    };

    private object? Scalar(FormNode node, Shape shape, Member? member)
    {
        if (node.Children.Count > 0) throw rules.Faults.Unknown(node.Children[0].Path);
        var text = node.Value ?? "";
        if (text.Length == 0 && member is not { EmptyIsPresent: true }
            && (rules.Ec2 || shape.Kind is not (ShapeKind.String or ShapeKind.Blob)))
            return null;
        // It would come back without them, and two tags could look alike.
        if (shape.Kind == ShapeKind.String && !XmlWriter.CanCarry(text))
            throw rules.Faults.Invalid(text, node.Path, "It holds a character that XML has no way to carry");
        return Scalars.Parse(shape, text, member?.Timestamp ?? TimestampFormat.Iso8601) ?? throw rules.Faults.Invalid(
            text, node.Path, Faults.TypeOf(shape));
    }

    private object? List(FormNode node, Shape shape, Member? member)
    {
        if (node.Value is { Length: > 0 } text)
            throw rules.Faults.Invalid(text, node.Path, "It is a list: number its values from 1");
        var numbered = node;
        if (!rules.Ec2 && member is not { Flattened: true })
        {
            var wrapper = member?.ElementName ?? shape.ElementName ?? "member";
            foreach (var child in node.Children)
            {
                if (child.Segment != wrapper) throw rules.Faults.Unknown(child.Path);
                numbered = child;
            }
        }

        var items = new List<object?>(numbered.Children.Count);
        foreach (var child in Ordered(numbered))
        {
            // ImageId.1= names an image whose id is empty, which is refused, and not every image.
            if (rules.Ec2 && shape.Element!.Kind == ShapeKind.String && child is { Value: "", Children.Count: 0 })
                items.Add("");
            else if (Value(child, shape.Element!, null) is { } item)
                items.Add(item);
        }

        if (items.Count == 0 && rules.Ec2) return null;
        return shape.CreateList(items);
    }

    private object? Map(FormNode node, Shape shape, Member? member)
    {
        if (node.Value is { Length: > 0 } text) throw rules.Faults.Invalid(text, node.Path, "It is a map");
        var entries = new Dictionary<string, object?>();
        var numbered = node;
        if (member is not { Flattened: true } && !rules.Ec2)
        {
            foreach (var child in node.Children)
            {
                if (child.Segment != "entry") throw rules.Faults.Unknown(child.Path);
                numbered = child;
            }
        }

        foreach (var entry in Ordered(numbered))
        {
            var key = entry.Children.FirstOrDefault(c => c.Segment == shape.KeyName)?.Value
                ?? throw rules.Faults.Missing($"{entry.Path}.{shape.KeyName}");
            foreach (var child in entry.Children)
            {
                if (child.Segment != shape.KeyName && child.Segment != shape.ValueName)
                    throw rules.Faults.Unknown(child.Path);
            }

            var value = entry.Children.FirstOrDefault(c => c.Segment == shape.ValueName)
                ?? throw rules.Faults.Missing($"{entry.Path}.{shape.ValueName}");
            if (!entries.TryAdd(key, Value(value, shape.Element!, null)))
                throw rules.Faults.Invalid(key, entry.Path, "A key may stand once only");
        }

        return shape.CreateMap(entries);
    }

    /// <summary>The numbered children by number.</summary>
    private List<FormNode> Ordered(FormNode node)
    {
        var ordered = new List<(int Number, FormNode Node)>(node.Children.Count);
        foreach (var child in node.Children)
        {
            // Only the canonical spelling counts, so that 1 and 01 cannot both be given.
            if (child.Segment is not [>= '1' and <= '9', ..]
                || !int.TryParse(child.Segment, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number > ListIndexMax)
                throw rules.Faults.Unknown(child.Path);
            ordered.Add((number, child));
        }

        ordered.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        return ordered.ConvertAll(static o => o.Node);
    }

    private Dictionary<string, Member> Plan(Shape shape) =>
        shape.Members.ToDictionary(rules.Name, StringComparer.Ordinal);
}
