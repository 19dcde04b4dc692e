namespace Kiln.Blocks.Devices;

/// <summary>One instant of a volume, kept until it is uploaded or abandoned.</summary>
/// <param name="Id">The caller's name for it: the snapshot's id.</param>
/// <param name="Layer">Number of the last layer that belongs to it.</param>
/// <param name="SizeBytes">Size of the volume at the instant.</param>
/// <param name="CreatedAt">The instant.</param>
public sealed record VolumeCut(string Id, int Layer, long SizeBytes, DateTimeOffset CreatedAt)
{
    /// <summary>True once everything it needs is durable; before, it holds for this boot of the machine.</summary>
    public bool IsSettled { get; init; }

    /// <summary>The boot of the machine it was taken in.</summary>
    internal ulong Boot { get; init; }
}
