using Kiln.Protocol.Errors;

namespace Kiln.Service.Calls;

/// <summary>What a service answers to a signature that it refuses; the words differ from family to family.</summary>
public sealed record SignatureErrors(
    AwsException Missing, AwsException UnknownKey, AwsException Mismatch, AwsException Expired,
    AwsException SessionExpired)
{
    private const string NotValidated = "AWS was not able to validate the provided access credentials";

    private const string Differs =
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access " +
        "Key and signing method. Consult the service documentation for details.";

    private const string Skewed =
        "Signature expired or not yet current: the request's time is more than 5 minutes away from the service's. " +
        "Set the clock of the machine that signs.";

    /// <summary>EC2.</summary>
    public static SignatureErrors Ec2 { get; } = new(
        new AwsException("AuthFailure", 401, NotValidated),
        new AwsException("AuthFailure", 401, NotValidated),
        new AwsException("AuthFailure", 401, NotValidated),
        new AwsException("RequestExpired", 400, Skewed),
        new AwsException("RequestExpired", 400, "Request has expired."));

    /// <summary>The other query services: STS, IAM, Auto Scaling.</summary>
    public static SignatureErrors Query { get; } = new(
        new AwsException("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        new AwsException("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
        new AwsException("SignatureDoesNotMatch", 403, Differs),
        new AwsException("SignatureDoesNotMatch", 403, Skewed),
        new AwsException("ExpiredToken", 403, "The security token included in the request is expired"));

    /// <summary>JSON and REST services.</summary>
    public static SignatureErrors Json { get; } = new(
        new AwsException("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
        new AwsException("UnrecognizedClientException", 403, "The security token included in the request is invalid."),
        new AwsException("InvalidSignatureException", 403, Differs),
        new AwsException("InvalidSignatureException", 403, Skewed),
        new AwsException("ExpiredTokenException", 403, "The security token included in the request is expired"));
}
