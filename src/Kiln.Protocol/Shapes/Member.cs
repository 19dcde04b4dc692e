namespace Kiln.Protocol.Shapes;

/// <summary>Where a member of a REST operation travels.</summary>
public enum MemberLocation
{
    /// <summary>In the document.</summary>
    Body,

    /// <summary>In a header.</summary>
    Header,

    /// <summary>In all headers that begin with a prefix: a map of text.</summary>
    Headers,

    /// <summary>In the query string.</summary>
    Query,

    /// <summary>In a label of the URI template.</summary>
    Path,

    /// <summary>As the whole body.</summary>
    Payload,

    /// <summary>As the HTTP status code of a response.</summary>
    StatusCode,
}

/// <summary>One member of a structure: its names, its shape, its bounds, and how to read it.</summary>
public sealed class Member
{
    private readonly Lazy<Shape> _shape;
    private readonly Lazy<Accessor> _accessor;

    /// <summary>Describes a member of a structure whose records are dictionaries.</summary>
    /// <param name="name">The model's name, e.g. <c>ImageId</c>; also the dictionary's key.</param>
    /// <param name="shape">The member's shape; asked for on first use, so that shapes may be recursive.</param>
    public Member(string name, Func<Shape> shape) : this(name, shape, () => new EntryAccessor(name))
    {
    }

    internal Member(string name, Func<Shape> shape, Func<Accessor> accessor)
    {
        Name = name;
        _shape = new Lazy<Shape>(shape);
        _accessor = new Lazy<Accessor>(accessor);
    }

    /// <summary>The model's name, e.g. <c>ImageId</c>.</summary>
    public string Name { get; }

    /// <summary>The name on the wire of a request where it is not the protocol's rule.</summary>
    public string? RequestWire { get; init; }

    /// <summary>The name on the wire of a response where it is not the protocol's rule.</summary>
    public string? ResponseWire { get; init; }

    /// <summary>The name in the refusal of a request that lacks it, where it is not that of the request.</summary>
    public string? MissingName { get; init; }

    /// <summary>Whether a request without it is refused.</summary>
    public bool Required { get; init; }

    /// <summary>Why a request that gives it is refused; null where it is honoured.</summary>
    public string? Unsupported { get; init; }

    /// <summary>Whether an empty value counts as given in ec2 requests.</summary>
    public bool EmptyIsPresent { get; init; }

    /// <summary>The bounds of its value.</summary>
    public Limits? Limits { get; init; }

    /// <summary>Where it travels in a REST protocol.</summary>
    public MemberLocation Location { get; init; }

    /// <summary>The name of its header, header prefix, query parameter or label.</summary>
    public string? LocationName { get; init; }

    /// <summary>How it spells an instant, where that is not the protocol's rule.</summary>
    public TimestampFormat? Timestamp { get; init; }

    /// <summary>In XML: a list or map without a wrapper.</summary>
    public bool Flattened { get; init; }

    /// <summary>In XML: an attribute of the structure's element.</summary>
    public bool XmlAttribute { get; init; }

    /// <summary>In XML: the name of a list's element where it is not the protocol's rule.</summary>
    public string? ElementName { get; init; }

    /// <summary>The namespace that the member's element declares: a prefix (or an empty one) and a URI.</summary>
    public (string Prefix, string Uri)? XmlNamespace { get; init; }

    /// <summary>The member's shape.</summary>
    public Shape Shape => _shape.Value;

    /// <summary>The member's position among its structure's members.</summary>
    public int Index { get; internal set; }

    /// <summary>In a response there is neither path nor query: what is bound to them stands in the document.</summary>
    internal bool IsInResponseBody => Location is MemberLocation.Body or MemberLocation.Query or MemberLocation.Path;

    internal Accessor Accessor => _accessor.Value;

    /// <summary>The member's value in a record, boxed; null when absent.</summary>
    public object? Get(object record) => Accessor.Get(record);
}
