namespace Kiln.Protocol.Shapes;

/// <summary>What a value is on the wire, whatever the protocol.</summary>
public enum ShapeKind
{
    /// <summary>A record with named members.</summary>
    Structure,

    /// <summary>An ordered list of one shape.</summary>
    List,

    /// <summary>A map from text to one shape.</summary>
    Map,

    /// <summary>Text.</summary>
    String,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>32 bits, signed.</summary>
    Integer,

    /// <summary>64 bits, signed.</summary>
    Long,

    /// <summary>A 32-bit floating point number.</summary>
    Float,

    /// <summary>A 64-bit floating point number.</summary>
    Double,

    /// <summary>One of a closed set of texts.</summary>
    Enum,

    /// <summary>An instant.</summary>
    Timestamp,

    /// <summary>Bytes: base64 inside a document, raw as a payload.</summary>
    Blob,

    /// <summary>Any JSON value, kept as it came.</summary>
    Document,
}
