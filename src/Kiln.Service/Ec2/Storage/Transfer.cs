using Kiln.Blocks;

namespace Kiln.Service.Ec2.Storage;

/// <summary>An upload or copy under way in this process. Rows follow it; it dies with the process.</summary>
public sealed class Transfer : IProgress<TransferProgress>, IDisposable
{
    private readonly CancellationTokenSource _stop;
    private int _percent;
    private long _bytesTotal;

    internal Transfer(
        Func<IProgress<TransferProgress>, CancellationToken, Task<TransferOutcome>> body, CancellationToken stopping)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Outcome = Task.Run(() => body(this, _stop.Token), CancellationToken.None);
    }

    /// <summary>Completes with the manifest, or fails.</summary>
    public Task<TransferOutcome> Outcome { get; }

    /// <summary>How far it is, 0 to 100.</summary>
    public int Percent => Volatile.Read(ref _percent);

    /// <summary>Bytes to deal with in all, as far as is known.</summary>
    public long BytesTotal => Volatile.Read(ref _bytesTotal);

    /// <inheritdoc/>
    public void Report(TransferProgress value)
    {
        Volatile.Write(ref _percent, value.Percent);
        Volatile.Write(ref _bytesTotal, value.BytesTotal);
    }

    /// <summary>Asks it to stop between two blocks.</summary>
    public void Stop() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
