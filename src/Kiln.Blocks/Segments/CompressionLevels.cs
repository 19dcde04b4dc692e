namespace Kiln.Blocks.Segments;

/// <summary>The zstd level of each <see cref="Effort"/>.</summary>
/// <param name="Plain">At ingest.</param>
/// <param name="Dense">In recompression.</param>
internal sealed record CompressionLevels(int Plain, int Dense)
{
    // Half as fast again as level 1, and a third larger: for what is going to be packed again anyway.
    private const int Light = -5;

    internal int Of(Effort effort) => effort switch
    {
        Effort.Light => Light,
        Effort.Plain => Plain,
        _ => Dense,
    };
}
