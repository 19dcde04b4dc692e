namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>What a machine on <see cref="BridgeNetwork"/> has in this process.</summary>
/// <param name="instanceId">The instance.</param>
/// <param name="space">Its VPC's namespace.</param>
/// <param name="tap">Its device there.</param>
internal sealed class BridgedMachine(string instanceId, NetworkNamespace space, string tap) : IDisposable
{
    public string InstanceId => instanceId;

    public NetworkNamespace Space => space;

    public string Tap => tap;

    public required DhcpServer Dhcp { get; init; }

    /// <summary>Its way in from this host; null where it has no public address.</summary>
    public SshRelay? Relay { get; set; }

    /// <summary>What its groups allowed when they were last looked at.</summary>
    public GuestAccess? Access { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dhcp.Dispose();
        Relay?.Dispose();
    }
}
