namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>Where a running instance stands while an image is made of it: it stays <c>running</c>.</summary>
public enum GuestPhase
{
    /// <summary>The machine is as its instance's state says.</summary>
    None,

    /// <summary>Its system is shutting down so that its volumes come to rest.</summary>
    Quieting,

    /// <summary>It is off and its volumes are at rest: now an instant of them can be taken.</summary>
    Quiet,

    /// <summary>It is starting again.</summary>
    Resuming,
}
