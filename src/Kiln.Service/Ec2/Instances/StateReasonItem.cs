namespace Kiln.Service.Ec2.Instances;

/// <summary>Why an instance is in its state. EC2 API Reference "StateReason".</summary>
public sealed record StateReasonItem(string Code, string Message);
