using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>In what services differ when JSON is read or written.</summary>
/// <param name="CamelNames">Whether members are spelt with a small first letter unless they say otherwise.</param>
/// <param name="Faults">The words of refusal.</param>
internal sealed record JsonRules(bool CamelNames, Faults Faults)
{
    /// <summary>The name of a member.</summary>
    public string Name(Member member, bool request) =>
        (request ? member.RequestWire : member.ResponseWire) ?? (CamelNames ? Names.Camel(member.Name) : member.Name);
}
