namespace Kiln.Service.Iam.Policies;

/// <summary>A text that is no policy. Each service turns it into its own error.</summary>
public sealed class PolicyException(string message) : Exception(message);
