using Kiln.Protocol.Errors;

namespace Kiln.Service.Ssm;

/// <summary>Systems Manager's refusals. All are status 400.</summary>
internal static class SsmError
{
    public static AwsException Validation(string message) => Of("ValidationException", message);

    /// <summary>AWS names no parameter here, so that nothing is learnt of others' names.</summary>
    public static AwsException ParameterNotFound() => Of("ParameterNotFound", "");

    public static AwsException ParameterVersionNotFound(string name) =>
        Of("ParameterVersionNotFound", $"Systems Manager could not find version or label of {name}.");

    public static AwsException ParameterAlreadyExists() => Of("ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.");

    public static AwsException InvalidKeyId(string key) => Of("InvalidKeyId", $"Invalid keyId {key}");

    public static AwsException InvalidFilterKey(string key) =>
        Of("InvalidFilterKey", $"The filter key {(key.Length > 40 ? key[..40] : key)} is not valid here.");

    public static AwsException InvalidInstanceId(string id) =>
        Of("InvalidInstanceId", $"Instances [[{id}]] not in a valid state for account");

    public static AwsException InvalidDocument(string name) => Of("InvalidDocument",
        $"document {(name.Length > 80 ? name[..80] : name)} does not exist: Kiln has AWS-RunShellScript.");

    public static AwsException Of(string code, string message) => new(code, 400, message);
}
