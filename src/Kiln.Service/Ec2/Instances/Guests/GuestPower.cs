namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Whether a machine runs.</summary>
public enum GuestPower
{
    /// <summary>There is no machine, or it is off.</summary>
    Off,

    /// <summary>It has been switched on and is not up yet.</summary>
    Starting,

    /// <summary>It runs.</summary>
    On,

    /// <summary>Its system is shutting down.</summary>
    Stopping,
}
