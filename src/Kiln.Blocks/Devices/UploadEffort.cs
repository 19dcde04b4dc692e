using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Devices;

/// <summary>How hard the blocks of one upload are compressed: docs/decisions/0015-compression-by-effort.md.</summary>
/// <remarks>Thread-safe; asked by every worker before each block.</remarks>
/// <param name="always">Null where it depends on how the upload goes.</param>
/// <param name="dirtied">Bytes that the guest has written since the instant, at least.</param>
/// <param name="waiting">True when a later instant of the volume waits for this upload to end.</param>
internal sealed class UploadEffort(Effort? always, Func<long> dirtied, Func<bool> waiting)
{
    /// <summary>An increment of so few bytes is sealed while somebody waits for it: a third of its time is worth
    /// more than a third of its bytes, which recompression brings back.</summary>
    internal const long SmallIncrement = 128L << 20;

    // Often enough to notice a burst of writes, seldom enough to cost nothing: counting walks the layer's map.
    private const long LookEvery = 128L << 20;

    private long nextLook = LookEvery;
    private int pressed;

    internal static UploadEffort For(
        BlockStore store, bool increment, long totalBytes, Func<long> dirtied, Func<bool> waiting)
    {
        // Without recompression nothing would ever make it good.
        if (store.Options.DenseZstdLevel == 0) return new(Effort.Plain, dirtied, waiting);
        return new(increment && totalBytes <= SmallIncrement ? Effort.Light : null, dirtied, waiting);
    }

    internal Effort At(long doneBytes)
    {
        if (always is { } fixedEffort) return fixedEffort;
        var due = Volatile.Read(ref nextLook);
        if (doneBytes >= due
            && Interlocked.CompareExchange(ref nextLook, doneBytes + LookEvery, due) == due)
        {
            // The guest dirties faster than this can pack: the next instant would be further behind still.
            Volatile.Write(ref pressed, waiting() || dirtied() > doneBytes ? 1 : 0);
        }

        return Volatile.Read(ref pressed) == 1 ? Effort.Light : Effort.Plain;
    }
}
