namespace Kiln.Service.Ec2.Instances;

/// <summary>What a call did to an instance's state. EC2 API Reference "InstanceStateChange".</summary>
public sealed record InstanceStateChange(
    string InstanceId, InstanceStateItem CurrentState, InstanceStateItem PreviousState)
{
    /// <summary>A change; the same state twice where there was nothing to do.</summary>
    public static InstanceStateChange Of(Instance instance, InstanceState before) =>
        new(instance.Id, InstanceStateItem.Of(instance.State), InstanceStateItem.Of(before));
}
