using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>What a protocol answers to a request that does not fit its shape.</summary>
internal abstract class Faults
{
    /// <summary>How much of a refused value an error repeats: enough to recognise, too little to flood a log.</summary>
    private const int QuotedCharsMax = 256;

    public abstract AwsException Missing(string path);

    /// <param name="value">The refused value as text.</param>
    /// <param name="path">The parameter.</param>
    /// <param name="why">The broken constraint as a sentence without its full stop, e.g. <c>Member must …</c>.</param>
    public abstract AwsException Invalid(string value, string path, string why);

    public abstract AwsException Unknown(string path);

    public abstract AwsException Unsupported(string path, string why);

    public abstract AwsException Malformed(string why);

    public static string Quoted(string value) =>
        value.Length <= QuotedCharsMax ? value : string.Concat(value.AsSpan(0, QuotedCharsMax), "…");

    /// <summary>The constraint that a text of a scalar breaks when it does not parse.</summary>
    public static string TypeOf(Shapes.Shape shape) => shape.Kind == Shapes.ShapeKind.Enum
        ? $"Member must satisfy enum value set: [{string.Join(", ", shape.Enum!.Texts)}]"
        : $"Member must be of type {shape.Kind.ToString().ToLowerInvariant()}";
}

/// <summary>EC2's words.</summary>
internal sealed class Ec2Faults : Faults
{
    public override AwsException Missing(string path) =>
        new("MissingParameter", 400, $"The request must contain the parameter {path}");

    public override AwsException Invalid(string value, string path, string why) =>
        new("InvalidParameterValue", 400, $"Value ({Quoted(value)}) for parameter {path} is invalid. {why}.");

    public override AwsException Unknown(string path) =>
        new("UnknownParameter", 400, $"The parameter {Quoted(path)} is not recognized");

    public override AwsException Unsupported(string path, string why) =>
        new("UnsupportedOperation", 400, $"The parameter {path} is not supported: {why}.");

    public override AwsException Malformed(string why) => new("MalformedQueryString", 400, why);
}

/// <summary>The words of all other services; the codes differ by protocol.</summary>
internal sealed class ValidationFaults(string code, string malformed) : Faults
{
    public override AwsException Missing(string path) => Refuse(
        $"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null");

    public override AwsException Invalid(string value, string path, string why) => Refuse(
        $"1 validation error detected: Value '{Quoted(value)}' at '{path}' failed to satisfy constraint: {why}");

    public override AwsException Unknown(string path) => Refuse(
        $"1 validation error detected: '{Quoted(path)}' is not a parameter of this operation");

    public override AwsException Unsupported(string path, string why) => Refuse(
        $"1 validation error detected: '{path}' is not supported: {why}");

    public override AwsException Malformed(string why) => new(malformed, 400, why);

    private AwsException Refuse(string message) => new(code, 400, message);
}
