namespace Kiln.Service.Calls;

/// <summary>Where a REST operation lives: method, URI template and the status of a success.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RestAttribute(string method, string uriTemplate, int status = 200) : Attribute
{
    /// <summary>The HTTP method in upper case.</summary>
    public string Method { get; } = method;

    /// <summary>The URI template, with labels in braces.</summary>
    public string UriTemplate { get; } = uriTemplate;

    /// <summary>The status of a success.</summary>
    public int Status { get; } = status;
}
