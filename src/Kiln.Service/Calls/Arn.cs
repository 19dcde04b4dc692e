namespace Kiln.Service.Calls;

/// <summary>Amazon Resource Names, as the Service Authorization Reference spells them.</summary>
public static class Arn
{
    /// <summary>An image's ARN; its account field is empty.</summary>
    public static string Image(string region, string id) => $"arn:aws:ec2:{region}::image/{id}";

    /// <summary>A snapshot's ARN; its account field is empty.</summary>
    public static string Snapshot(string region, string id) => $"arn:aws:ec2:{region}::snapshot/{id}";

    /// <summary>The ARN of an EC2 resource that carries its account, e.g. <c>volume</c>, <c>instance</c>.</summary>
    public static string Ec2(string region, string account, string type, string id) =>
        $"arn:aws:ec2:{region}:{account}:{type}/{id}";

    /// <summary>Any image of the call's Region: what an operation that makes one is authorised for.</summary>
    public static string AnyImage(Call call) => Image(call.Region, "*");

    /// <summary>Any snapshot of the call's Region.</summary>
    public static string AnySnapshot(Call call) => Snapshot(call.Region, "*");

    /// <summary>A key's ARN.</summary>
    public static string Key(string region, string account, string id) => $"arn:aws:kms:{region}:{account}:key/{id}";

    /// <summary>An alias's ARN; the name begins with <c>alias/</c>.</summary>
    public static string Alias(string region, string account, string name) => $"arn:aws:kms:{region}:{account}:{name}";

    /// <summary>A parameter's ARN; a name that begins with <c>/</c> brings the slash along.</summary>
    public static string Parameter(string region, string account, string name) =>
        $"arn:aws:ssm:{region}:{account}:parameter{(name.StartsWith('/') ? "" : "/")}{name}";

    /// <summary>The ARN of a document of Systems Manager's own; its account field is empty.</summary>
    public static string SsmDocument(string region, string name) => $"arn:aws:ssm:{region}::document/{name}";

    /// <summary>A role's ARN; the path begins and ends with <c>/</c>.</summary>
    public static string Role(string account, string path, string name) => $"arn:aws:iam::{account}:role{path}{name}";
}
