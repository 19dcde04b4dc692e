using Kiln.Protocol.Errors;

namespace Kiln.Service.Sts;

/// <summary>STS's refusals in its own words.</summary>
internal static class StsError
{
    public static AwsException AccessDenied(string message) => new("AccessDenied", 403, message);

    public static AwsException Invalid(string message) => new("ValidationError", 400, message);

    public static AwsException Malformed(string message) => new("MalformedPolicyDocument", 400, message);

    public static AwsException TooLarge(int percent) => new("PackedPolicyTooLarge", 400,
        $"Packed policy consumes {percent}% of allotted space, please use smaller policy.");
}
