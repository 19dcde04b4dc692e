using Kiln.Blocks;
using Kiln.Service;

namespace Kiln.Host;

/// <summary>Lets large request bodies into memory: within half of what may be in flight, so that slow senders never
/// keep a snapshot from being stored.</summary>
internal sealed class RequestBodies(
    ServiceOptions options, BytesInFlight inFlight, [FromKeyedServices("wall")] TimeProvider wall)
{
    /// <summary>Bodies up to this size are not counted: what calls carry but for blocks.</summary>
    public const int SmallMax = 64 * 1024;

    private readonly BytesInFlight _half = new(inFlight.Bound / 2, wall);

    /// <summary>Whether so much is taken that a body has to be of somebody known.</summary>
    public bool IsScarce(long bytes) => bytes > SmallMax && _half.Taken + bytes > _half.Bound / 2;

    /// <summary>Waits for memory. Null when there was none in time.</summary>
    public async Task<IDisposable?> Admit(long bytes, CancellationToken gone)
    {
        if (bytes <= SmallMax)
            return new Share([]);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(options.InFlightWaitSeconds), wall);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, gone);
        var share = new Share([]);
        try
        {
            share.Parts.Add(await _half.EnterAsync(bytes, either.Token));
            share.Parts.Add(await inFlight.EnterAsync(bytes, either.Token));
            return share;
        }
        catch (OperationCanceledException)
        {
            share.Dispose();
            gone.ThrowIfCancellationRequested();
            return null;
        }
    }

    private sealed record Share(List<IDisposable> Parts) : IDisposable
    {
        public void Dispose() => Parts.ForEach(part => part.Dispose());
    }
}
