using Kiln.Protocol.Errors;

namespace Kiln.Service.Admin;

/// <summary>The errors of Kiln's own service.</summary>
public static class AdminError
{
    /// <summary>A parameter's value cannot be used.</summary>
    public static AwsException Validation(string message) => new("ValidationException", 400, message);

    /// <summary>Somebody else than the operator.</summary>
    public static AwsException OperatorOnly() => new("AccessDeniedException", 403,
        "Only the operator's account may do this: the one that the first start made. Use its credentials file.");

    /// <summary>There is an account of this id.</summary>
    public static AwsException AccountExists(string id) => new("ConflictException", 409, $"The account {id} exists.");

    /// <summary>Something that exists in development only.</summary>
    public static AwsException DevelopmentOnly() => new("AccessDeniedException", 403,
        "The clock can be moved in development only: start Kiln with --dev.");
}
