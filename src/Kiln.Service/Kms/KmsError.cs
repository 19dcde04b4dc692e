using Kiln.Protocol.Errors;

namespace Kiln.Service.Kms;

/// <summary>KMS's refusals in its own words. All are status 400.</summary>
internal static class KmsError
{
    public static AwsException KeyNotFound(string arn) => Of("NotFoundException", $"Key '{arn}' does not exist");

    public static AwsException InvalidKeyId(string id) => Of("NotFoundException", $"Invalid keyId '{id}'");

    public static AwsException InvalidArnRegion() => Of("NotFoundException", "Invalid arn region");

    public static AwsException AliasNotFound(string arn) => Of("NotFoundException", $"Alias {arn} is not found.");

    public static AwsException Disabled(string arn) => Of("DisabledException", $"{arn} is disabled.");

    public static AwsException InvalidState(string arn, KeyState state) => Of("KMSInvalidStateException", state switch
    {
        KeyState.PendingReplicaDeletion => $"{arn} is pending replica deletion.",
        KeyState.PendingDeletion => $"{arn} is pending deletion.",
        _ => $"{arn} is not pending deletion.",
    });

    public static AwsException AccessDenied(string callerArn, string action, string keyArn, string because) =>
        Of("AccessDeniedException",
            $"User: {callerArn} is not authorized to perform: {action} on resource: {keyArn} {because}");

    /// <summary>AWS gives no message, so that nothing is learnt from a forged ciphertext.</summary>
    public static AwsException InvalidCiphertext() => Of("InvalidCiphertextException", "");

    public static AwsException Of(string code, string message) => new(code, 400, message);
}
