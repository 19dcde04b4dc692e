namespace Kiln.Protocol.Shapes;

/// <summary>Lets an empty value count as given. In ec2 requests an empty string otherwise means absent, but as an
/// element of a list of strings.</summary>
/// <remarks>Made for <c>BlockDeviceMapping.N.NoDevice=</c>, whose mere presence is the meaning.</remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class EmptyIsPresentAttribute : Attribute;

/// <summary>Names the element of a list in XML where it is neither <c>item</c> (ec2) nor <c>member</c> (query,
/// S3).</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class ElementAttribute(string name) : Attribute
{
    /// <summary>The element's name.</summary>
    public string Name { get; } = name;
}

/// <summary>Writes a list without its wrapper: each element carries the member's own name.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class FlattenedAttribute : Attribute;

/// <summary>Writes a member as an attribute of its structure's element (rest-xml only).</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class XmlAttributeAttribute : Attribute;

/// <summary>Spells an instant otherwise than the protocol's rule.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class TimestampAttribute(TimestampFormat format) : Attribute
{
    /// <summary>The spelling.</summary>
    public TimestampFormat Format { get; } = format;
}
