namespace Kiln.Service.Sts;

/// <summary>A session of a role. STS API Reference "AssumedRoleUser".</summary>
public sealed record AssumedRoleUser(string AssumedRoleId, string Arn);
