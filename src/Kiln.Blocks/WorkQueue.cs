namespace Kiln.Blocks;

/// <summary>A sequence that several workers share, perhaps over several turns.</summary>
internal sealed class WorkQueue<T>(IEnumerable<T> items) : IDisposable
{
    private readonly IEnumerator<T> source = items.GetEnumerator();
    private readonly Lock gate = new();

    /// <summary>True when the last item has been taken.</summary>
    internal bool IsEmpty { get; private set; }

    /// <summary>Takes the next item; false when there is none, or the turn is over.</summary>
    internal bool TryTake(BytesInFlight.Turn? turn, out T item)
    {
        item = default!;
        if (turn is { IsOver: true }) return false;
        lock (gate)
        {
            if (IsEmpty) return false;
            IsEmpty = !source.MoveNext();
            if (!IsEmpty) item = source.Current;
            return !IsEmpty;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
