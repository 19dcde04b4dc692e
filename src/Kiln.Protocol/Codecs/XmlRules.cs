using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>In what the XML protocols differ when a document is written or read.</summary>
/// <param name="ElementName">The rule for a list's element: <c>item</c> in ec2, <c>member</c> elsewhere.</param>
/// <param name="CamelNames">Whether the rule for a member's element is a small first letter (ec2).</param>
/// <param name="EntryName">The element of a map's entry.</param>
internal sealed record XmlRules(string ElementName, bool CamelNames, string EntryName = "entry")
{
    /// <summary>The name of a member's element.</summary>
    public string Name(Member member, bool request = false)
    {
        var wire = request ? member.RequestWire : member.ResponseWire;
        return wire ?? (CamelNames ? Names.Camel(member.Name) : member.Name);
    }

    /// <summary>The name of the elements of a list.</summary>
    public string Element(Member? member, Shape list) => member?.ElementName ?? list.ElementName ?? ElementName;
}
