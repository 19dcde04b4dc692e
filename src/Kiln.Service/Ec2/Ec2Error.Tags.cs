using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

/// <summary>What EC2 answers about tags. EC2 API Reference "Error codes for the Amazon EC2 API".</summary>
public static partial class Ec2Error
{
    /// <summary>A resource would carry more user tags than it may.</summary>
    public static AwsException TagLimitExceeded() => new("TagLimitExceeded", 400,
        "The maximum number of Tags for a resource has been reached.");

    /// <summary>A key that only AWS's own services may set.</summary>
    public static AwsException TagKeyReserved() => new("InvalidParameterValue", 400,
        "Tag keys starting with 'aws:' are reserved for internal use");

    /// <summary>A tag without a key.</summary>
    public static AwsException TagKeyEmpty() => new("InvalidParameterValue", 400, "Tag keys cannot be null or empty.");

    /// <summary>A key that is too long.</summary>
    public static AwsException TagKeyTooLong(string key) => new("InvalidParameterValue", 400,
        $"Tag key exceeds the maximum length of 128 characters: '{key[..32]}…'");

    /// <summary>A value that is too long.</summary>
    public static AwsException TagValueTooLong(string key) => new("InvalidParameterValue", 400,
        $"Tag value exceeds the maximum length of 256 characters; its key is '{key}'.");

    /// <summary>The same key twice in one call.</summary>
    public static AwsException TagKeyDuplicate(string key) => new("InvalidParameterValue", 400,
        $"Duplicate tag key '{key}' specified.");

    /// <summary>A tag specification without a resource type.</summary>
    public static AwsException TagTypeMissing() => new("InvalidParameterValue", 400,
        "Tag specification resource type must have a value");

    /// <summary>A resource type that the operation does not make.</summary>
    public static AwsException TagTypeNotAllowed(string type) => new("InvalidParameterValue", 400,
        $"'{type}' is not a valid taggable resource type for this operation.");

    /// <summary>A resource type named by two specifications.</summary>
    public static AwsException TagTypeDuplicate(string type) => new("InvalidParameterValue", 400,
        $"The tag specification for the resource type '{type}' is given more than once.");

    /// <summary>An id of no known kind.</summary>
    public static AwsException InvalidId(string id) => new("InvalidID", 400, $"The ID '{Short(id)}' is not valid");

    /// <summary>A repeated text: enough to recognise, too little to flood a log.</summary>
    internal static string Short(string text) => text.Length <= 256 ? text : text[..256] + "…";
}
