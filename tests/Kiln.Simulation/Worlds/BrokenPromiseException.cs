namespace Kiln.Simulation.Worlds;

/// <summary>Something that was promised does not hold: a bug.</summary>
internal sealed class BrokenPromiseException(string message) : Exception(message);
