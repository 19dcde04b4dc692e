namespace Kiln.Simulation.Disks;

/// <summary>The process has been stopped: nothing it does reaches the disk any more.</summary>
internal sealed class ProcessStoppedException() : IOException("The process was stopped.");
