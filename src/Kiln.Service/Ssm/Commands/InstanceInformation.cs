namespace Kiln.Service.Ssm.Commands;

/// <summary>An instance that commands reach. Systems Manager API Reference "InstanceInformation".</summary>
public sealed record InstanceInformation
{
    /// <summary>The id.</summary>
    public required string InstanceId { get; init; }

    /// <summary><c>Online</c> or <c>ConnectionLost</c>.</summary>
    public required string PingStatus { get; init; }

    /// <summary>When the agent last answered.</summary>
    public DateTimeOffset? LastPingDateTime { get; init; }

    /// <summary>What the agent is.</summary>
    public required string AgentVersion { get; init; }

    /// <summary><c>Linux</c>.</summary>
    public required string PlatformType { get; init; }

    /// <summary>The system, as it calls itself.</summary>
    public required string PlatformName { get; init; }

    /// <summary>Its version.</summary>
    public required string PlatformVersion { get; init; }

    /// <summary><c>EC2Instance</c>.</summary>
    public required string ResourceType { get; init; }

    /// <summary>The private address.</summary>
    public required string IPAddress { get; init; }

    /// <summary>The instance's tag Name.</summary>
    public required string Name { get; init; }
}
