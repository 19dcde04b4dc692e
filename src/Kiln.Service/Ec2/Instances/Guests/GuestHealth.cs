namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>How a machine is.</summary>
/// <param name="System">Of what is below it: its process runs and answers.</param>
/// <param name="Inside">Of what is in it: its agent or its network was heard.</param>
public readonly record struct GuestHealth(GuestCheck System, GuestCheck Inside);

/// <summary>The outcome of one check of a machine.</summary>
public enum GuestCheck
{
    /// <summary>Nothing was heard, and it is too early to tell.</summary>
    Initializing,

    /// <summary>It is well.</summary>
    Ok,

    /// <summary>It should have been heard by now.</summary>
    Impaired,
}
