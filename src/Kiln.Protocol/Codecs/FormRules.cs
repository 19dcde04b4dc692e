using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>In what ec2-query and query differ when a form is read.</summary>
/// <param name="Ec2">
/// EC2: names begin with a capital, lists are <c>Name.N</c>, empty values are absent.
/// Otherwise lists are <c>Name.member.N</c> and an empty text is a text.
/// </param>
/// <param name="Faults">The words of refusal.</param>
internal sealed record FormRules(bool Ec2, Faults Faults)
{
    /// <summary>A member's segment in a parameter's name.</summary>
    public string Name(Member member) =>
        Ec2 ? Names.Pascal(member.RequestWire ?? member.Name)
        : member is { Flattened: true, RequestWire: null, ElementName: { } element } ? element
        : member.RequestWire ?? member.Name;
}
