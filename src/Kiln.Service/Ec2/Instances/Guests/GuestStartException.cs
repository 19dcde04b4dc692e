namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A machine cannot be started on this host, and trying again would not help.</summary>
/// <param name="message">Why, for the instance's StateReason.</param>
public sealed class GuestStartException(string message) : Exception(message);
