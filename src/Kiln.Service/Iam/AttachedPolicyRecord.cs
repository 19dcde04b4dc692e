namespace Kiln.Service.Iam;

/// <summary>An attached managed policy. IAM API Reference "AttachedPolicy".</summary>
public sealed record AttachedPolicyRecord(string? PolicyName, string? PolicyArn);
