namespace Kiln.Service.Calls;

/// <summary>Names the AWS operation that a class is, as IAM names the action: <c>ec2:CreateImage</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OperationAttribute(string name) : Attribute
{
    /// <summary>The service's signing name, e.g. <c>ec2</c>.</summary>
    public string Service { get; } = name[..name.IndexOf(':')];

    /// <summary>The operation's name, e.g. <c>CreateImage</c>.</summary>
    public string Name { get; } = name[(name.IndexOf(':') + 1)..];
}
