using Kiln.Protocol.Errors;

namespace Kiln.Service.Iam;

/// <summary>IAM's refusals in its own words.</summary>
internal static class IamError
{
    public static AwsException NoRole(string name) => NoSuchEntity($"The role with name {name} cannot be found.");

    public static AwsException NoUser(string name) => NoSuchEntity($"The user with name {name} cannot be found.");

    public static AwsException NoSuchEntity(string message) => new("NoSuchEntity", 404, message);

    public static AwsException AlreadyExists(string message) => new("EntityAlreadyExists", 409, message);

    public static AwsException DeleteConflict(string first) =>
        new("DeleteConflict", 409, $"Cannot delete entity, must {first} first.");

    public static AwsException LimitExceeded(string quota, int most) =>
        new("LimitExceeded", 409, $"Cannot exceed quota for {quota}: {most}");

    public static AwsException Malformed(string message) => new("MalformedPolicyDocument", 400, message);

    public static AwsException Invalid(string message) => new("ValidationError", 400, message);
}
