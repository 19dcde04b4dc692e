namespace Kiln.Simulation.Worlds;

/// <summary>How the process before came to its end.</summary>
internal enum Ending
{
    /// <summary>It closed everything.</summary>
    Closed,

    /// <summary>It died: what it had handed to the operating system is there.</summary>
    Killed,

    /// <summary>The machine lost its power: what was synced is there.</summary>
    PowerLost,
}
