namespace Kiln.Protocol.Shapes;

/// <summary>Binds a member of a REST operation to an HTTP header.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class HeaderAttribute(string name) : Attribute
{
    /// <summary>The header's name; compared without case.</summary>
    public string Name { get; } = name;
}

/// <summary>Binds a map of text to all headers that begin with a prefix, e.g. <c>x-amz-meta-</c>.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class HeaderPrefixAttribute(string prefix) : Attribute
{
    /// <summary>The prefix; compared without case.</summary>
    public string Prefix { get; } = prefix;
}

/// <summary>Binds a member of a REST operation to a query parameter.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class QueryAttribute(string name) : Attribute
{
    /// <summary>The parameter's name.</summary>
    public string Name { get; } = name;
}

/// <summary>Binds a member of a REST operation to a label of its URI template.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class PathAttribute(string name) : Attribute
{
    /// <summary>The label's name, as it stands in braces in the template.</summary>
    public string Name { get; } = name;
}

/// <summary>Makes a member the whole body: a blob or stream as it is, a structure as a document.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class PayloadAttribute : Attribute;

/// <summary>Writes a member of a REST response as the HTTP status code.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class StatusCodeAttribute : Attribute;
