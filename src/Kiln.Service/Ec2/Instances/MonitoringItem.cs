namespace Kiln.Service.Ec2.Instances;

/// <summary>Whether an instance is monitored in detail. EC2 API Reference "Monitoring".</summary>
public sealed record MonitoringItem(string State)
{
    /// <summary>An instance's monitoring.</summary>
    public static MonitoringItem Of(Instance instance) => new(instance.Monitoring ? "enabled" : "disabled");
}
