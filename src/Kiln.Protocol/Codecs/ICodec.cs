using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>One operation as a codec needs to know it.</summary>
/// <param name="Name">The AWS operation name, e.g. <c>CreateImage</c>.</param>
/// <param name="Request">The request record's type.</param>
/// <param name="Response">The response record's type.</param>
public sealed record OperationShape(string Name, Type Request, Type Response)
{
    /// <summary>For REST protocols: the method.</summary>
    public string? Method { get; init; }

    /// <summary>For REST protocols: the URI template, e.g.
    /// <c>/snapshots/{snapshotId}/blocks/{blockIndex}</c>.</summary>
    public string? UriTemplate { get; init; }

    /// <summary>The status of a success.</summary>
    public int SuccessStatus { get; init; } = 200;

    /// <summary>The request's shape; that of <see cref="Request"/> unless it is described otherwise.</summary>
    public Shape RequestShape { get => field ??= Shape.Of(Request); init; }

    /// <summary>The response's shape; that of <see cref="Response"/> unless it is described otherwise.</summary>
    public Shape ResponseShape { get => field ??= Shape.Of(Response); init; }
}

/// <summary>Turns bytes into a request record and a response record or an error into bytes, for one wire
/// protocol.</summary>
/// <remarks>
/// Knows no operation by name and no HTTP server. A codec is made once per service, with what is fixed for the
/// service (API version, XML namespace, target prefix, the table of REST routes), and is safe for concurrent use.
/// </remarks>
public interface ICodec
{
    /// <summary>The name of the operation that a request asks for.</summary>
    /// <returns>The name, whether or not Kiln has it; null where the request names none.</returns>
    /// <exception cref="AwsException">The request is not of this protocol at all.</exception>
    string? OperationName(WireRequest request);

    /// <summary>Reads a request record.</summary>
    /// <exception cref="AwsException">
    /// A required member is missing, a value does not parse or breaks its bounds, or a parameter is unknown or
    /// unsupported.
    /// </exception>
    object Read(WireRequest request, OperationShape operation);

    /// <summary>Writes a success.</summary>
    WireResponse Write(object response, OperationShape operation, string requestId);

    /// <summary>Writes an error in the protocol's envelope.</summary>
    WireResponse WriteError(AwsException error, string requestId);
}
