namespace Kiln.Service.Ssm.Documents;

/// <summary>A parameter of a document. Systems Manager API Reference "DocumentParameter".</summary>
/// <param name="Name">The name.</param>
/// <param name="Type"><c>String</c> or <c>StringList</c>.</param>
/// <param name="Description">What it is for.</param>
/// <param name="DefaultValue">What it is where it is not given; null where it must be.</param>
public sealed record DocumentParameter(string Name, string Type, string Description, string? DefaultValue);
