using Kiln.Blocks;

namespace Kiln.Service.Ec2.Storage;

/// <summary>An upload or copy under way in this process. Rows follow it; it dies with the process.</summary>
public sealed class Transfer : IProgress<TransferProgress>, IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly TimeProvider _wall;
    private readonly long _started;
    private int _percent;
    private long _bytesTotal;
    private long _bytesDone;
    private long _bytesMoved;

    internal Transfer(
        string? region, Func<IProgress<TransferProgress>, CancellationToken, Task<TransferOutcome>> body,
        long bytesBefore, TimeProvider wall, CancellationToken stopping)
    {
        Region = region;
        BytesBefore = bytesBefore;
        _wall = wall;
        _started = wall.GetTimestamp();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Outcome = Task.Run(() => body(this, _stop.Token), CancellationToken.None);
    }

    /// <summary>Completes with the manifest, or fails.</summary>
    public Task<TransferOutcome> Outcome { get; }

    /// <summary>The Region in which it makes a manifest; null for a load.</summary>
    public string? Region { get; }

    /// <summary>How far it is, 0 to 100.</summary>
    public int Percent => Volatile.Read(ref _percent);

    /// <summary>Bytes that had travelled before this process took it up.</summary>
    public long BytesBefore { get; }

    /// <summary>How long it has been under way in this process.</summary>
    public TimeSpan Elapsed => _wall.GetElapsedTime(_started);

    /// <summary>Bytes to deal with in all, as far as is known.</summary>
    public long BytesTotal => Volatile.Read(ref _bytesTotal);

    /// <summary>Bytes that were dealt with.</summary>
    public long BytesDone => Volatile.Read(ref _bytesDone);

    /// <summary>Bytes that travelled in this process, as stored.</summary>
    public long BytesMoved => Volatile.Read(ref _bytesMoved);

    /// <inheritdoc/>
    public void Report(TransferProgress value)
    {
        Volatile.Write(ref _percent, value.Percent);
        Volatile.Write(ref _bytesTotal, value.BytesTotal);
        Volatile.Write(ref _bytesDone, value.BytesDone);
        Volatile.Write(ref _bytesMoved, value.BytesMoved);
    }

    /// <summary>Asks it to stop between two blocks.</summary>
    public void Stop() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
