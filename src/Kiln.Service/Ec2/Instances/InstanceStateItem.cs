namespace Kiln.Service.Ec2.Instances;

/// <summary>A state on the wire: its number and its name.</summary>
public sealed record InstanceStateItem(int Code, InstanceState Name)
{
    /// <summary>A state.</summary>
    public static InstanceStateItem Of(InstanceState state) => new((int)state, state);
}
