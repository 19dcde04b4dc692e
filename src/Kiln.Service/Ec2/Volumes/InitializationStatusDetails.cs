namespace Kiln.Service.Ec2.Volumes;

/// <summary>How far a volume is with loading its snapshot. EC2 API Reference "InitializationStatusDetails".</summary>
public sealed record InitializationStatusDetails
{
    /// <summary><c>default</c>, also for fast restores, or <c>provisioned-rate</c>.</summary>
    public required string InitializationType { get; init; }

    /// <summary>0 to 100.</summary>
    public required long Progress { get; init; }

    /// <summary>Seconds until it is complete; for provisioned rates only.</summary>
    public long? EstimatedTimeToCompleteInSeconds { get; init; }
}
