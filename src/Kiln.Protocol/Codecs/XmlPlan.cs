using System.Collections.Concurrent;
using System.Text;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>How one structure is written: its tags as bytes, once.</summary>
internal sealed class XmlPlan
{
    /// <summary>The members that make up the element's content.</summary>
    public required XmlMemberPlan[] Members { get; init; }

    /// <summary>The members that are attributes of the element.</summary>
    public required XmlMemberPlan[] Attributes { get; init; }

    /// <summary>The plan of a structure under rules.</summary>
    public static XmlPlan Of(Shape shape, XmlRules rules)
    {
        var members = shape.Members.Where(m => m.IsInResponseBody)
            .Select(m => new XmlMemberPlan(m, rules)).ToList();
        return new XmlPlan
        {
            Members = [.. members.Where(m => !m.Member.XmlAttribute)],
            Attributes = [.. members.Where(m => m.Member.XmlAttribute)],
        };
    }
}

/// <summary>How one member is written.</summary>
internal sealed class XmlMemberPlan
{
    public XmlMemberPlan(Member member, XmlRules rules)
    {
        Member = member;
        Name = rules.Name(member);
        Open = OpenTag(Name, member.XmlNamespace ?? Declared(member));
        Close = CloseTag(Name);
        AttributeStart = Encoding.UTF8.GetBytes($" {Name}=\"");
    }

    public Member Member { get; }

    public string Name { get; }

    /// <summary>The opening tag up to, without, its <c>&gt;</c>: attributes may follow.</summary>
    public byte[] Open { get; }

    public byte[] Close { get; }

    public byte[] AttributeStart { get; }

    public static byte[] OpenTag(string name, (string Prefix, string Uri)? space)
    {
        if (space is not { } declared) return Encoding.UTF8.GetBytes($"<{name}");
        using var xml = new XmlWriter();
        xml.Raw("<"u8);
        xml.Text(name);
        xml.Raw(declared.Prefix.Length == 0 ? " xmlns"u8 : " xmlns:"u8);
        xml.Text(declared.Prefix);
        xml.Raw("=\""u8);
        xml.Text(declared.Uri);
        xml.Raw("\""u8);
        return xml.Buffer.Written.ToArray();
    }

    public static byte[] CloseTag(string name) => Encoding.UTF8.GetBytes($"</{name}>");

    private static (string, string)? Declared(Member member) =>
        member.Shape.Kind == ShapeKind.Structure ? member.Shape.XmlNamespace : null;
}

/// <summary>The plans of one codec, by shape.</summary>
internal sealed class XmlPlans(XmlRules rules)
{
    private readonly ConcurrentDictionary<Shape, XmlPlan> _plans = new();
    private readonly ConcurrentDictionary<string, (byte[] Open, byte[] Close)> _tags = new();

    public XmlPlan Of(Shape shape) => _plans.GetOrAdd(shape, static (s, r) => XmlPlan.Of(s, r), rules);

    /// <summary>The tags of a list's or map's inner elements; the names come from shapes, so they are few.</summary>
    public (byte[] Open, byte[] Close) Tags(string name) =>
        _tags.GetOrAdd(name, static n => (XmlMemberPlan.OpenTag(n, null), XmlMemberPlan.CloseTag(n)));
}
