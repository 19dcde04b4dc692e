using Kiln.Protocol.Errors;

namespace Kiln.Service.Ssm;

/// <summary>Systems Manager's refusals. All are status 400.</summary>
internal static class SsmError
{
    public static AwsException Validation(string message) => Of("ValidationException", message);

    /// <summary>AWS names no parameter here, so that nothing is learnt of others' names.</summary>
    public static AwsException ParameterNotFound() => Of("ParameterNotFound", "");

    /// <param name="name">The parameter.</param>
    /// <param name="selector">The version or label, without its colon.</param>
    public static AwsException ParameterVersionNotFound(string name, string selector)
    {
        return Of("ParameterVersionNotFound", selector.All(char.IsAsciiDigit)
            ? $"Systems Manager could not find version {selector} of {name}. Verify the version and try again."
            : $"Systems Manager could not find label {Short(selector)} for parameter {name}. Verify the label and try "
                + "again.");
    }

    public static AwsException ParameterAlreadyExists() => Of("ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.");

    public static AwsException InvalidKeyId(string key) => Of("InvalidKeyId", $"Invalid keyId {key}");

    public static AwsException InvalidFilterKey(string key) =>
        Of("InvalidFilterKey", $"The filter key {Short(key)} is not valid here.");

    public static AwsException InvalidInstanceId(string id, string account) =>
        Of("InvalidInstanceId", $"Instances [[{Short(id)}]] not in a valid state for account {account}");

    public static AwsException DuplicateInstanceId(string id) =>
        Of("DuplicateInstanceId", $"The instance {Short(id)} is named more than once.");

    public static AwsException InvalidDocument(string name) => Of("InvalidDocument",
        $"Document with name {Short(name)} does not exist.");

    public static AwsException Of(string code, string message) => new(code, 400, message);

    // What a stranger wrote is not given back at any length.
    private static string Short(string text) => text.Length > 80 ? text[..80] : text;
}
