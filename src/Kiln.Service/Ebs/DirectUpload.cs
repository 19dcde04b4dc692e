using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Snapshots;

namespace Kiln.Service.Ebs;

/// <summary>One snapshot that clients write block by block, as this process holds it. Thread-safe.</summary>
/// <remarks>
/// The journal of the staging is what a crash leaves; deadline and progress live here and reach the row by time
/// (<see cref="FlushAfter"/>), never once a block.
/// </remarks>
internal sealed class DirectUpload : IDisposable
{
    /// <summary>How far behind the row's deadline may be: little beside the shortest timeout, ten minutes.</summary>
    public static readonly TimeSpan FlushAfter = TimeSpan.FromMinutes(1);

    private readonly ReaderWriterLockSlim _puts = new();
    private readonly TimeSpan _timeout;
    private long _deadline;
    private long _flushed;
    private int _progress;
    private int _phase;

    public DirectUpload(Snapshot row, StagedSnapshot staged)
    {
        (SnapshotId, AccountId, Region, Staged) = (row.Id, row.AccountId, row.Region, staged);
        _timeout = TimeSpan.FromMinutes(row.DirectTimeoutMinutes);
        _deadline = row.DirectDeadline?.UtcTicks ?? long.MaxValue;
        _flushed = _deadline;
        _progress = row.ProgressPercent;
        _phase = (int)(row.DirectBlocks is null ? UploadPhase.Open : UploadPhase.Closed);
    }

    public string SnapshotId { get; }

    public string AccountId { get; }

    public string Region { get; }

    public StagedSnapshot Staged { get; }

    /// <summary>Whether blocks are taken.</summary>
    public UploadPhase Phase
    {
        get => (UploadPhase)Volatile.Read(ref _phase);
        set => Volatile.Write(ref _phase, (int)value);
    }

    /// <summary>When it fails unless something is written before, by the domain clock.</summary>
    public DateTimeOffset Deadline => new(Interlocked.Read(ref _deadline), TimeSpan.Zero);

    /// <summary>The largest progress that a client has claimed, 0 to 100.</summary>
    public int Progress => Volatile.Read(ref _progress);

    /// <summary>Stores a block: it survives the death of the process when this returns.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="plain">512 KiB.</param>
    /// <param name="sha256">Their verified digest.</param>
    /// <exception cref="Protocol.Errors.AwsException">The disk is full, or the snapshot is being completed.</exception>
    public void Put(int index, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> sha256)
    {
        if (index >= Staged.VolumeBlocks)
            throw EbsError.InvalidBlock(
                $"The block index {index} is outside the volume of {Staged.VolumeBlocks} blocks.");
        _puts.EnterReadLock();
        try
        {
            if (Phase != UploadPhase.Open)
                throw EbsError.ConflictingBlockUpdate($"The snapshot {SnapshotId} is being completed.");
            Staged.Put(index, plain, sha256);
        }
        catch (StoreFullException full)
        {
            throw EbsError.QuotaExceeded($"The disk of {Region} is full: {full.Message} Make room, and put it again.");
        }
        finally
        {
            _puts.ExitReadLock();
        }
    }

    /// <summary>Stops taking blocks while they are counted. False where somebody else counts already.</summary>
    public bool TryClose()
    {
        if (Interlocked.CompareExchange(ref _phase, (int)UploadPhase.Closing,
            (int)UploadPhase.Open) != (int)UploadPhase.Open
            && Interlocked.CompareExchange(ref _phase, (int)UploadPhase.Closing, (int)UploadPhase.Unknown)
                != (int)UploadPhase.Unknown)
            return false;
        // A put that looked at the phase before may still be under way; it is counted or refused, never lost.
        _puts.EnterWriteLock();
        _puts.ExitWriteLock();
        return true;
    }

    /// <summary>Notes a write. True when the row is to be told: at most once in <see cref="FlushAfter"/>.</summary>
    public bool Touch(DateTimeOffset now, int? progress)
    {
        var deadline = (now + _timeout).UtcTicks;
        Raise(ref _deadline, deadline);
        if (progress is { } percent && percent > Progress)
            Volatile.Write(ref _progress, percent);
        var flushed = Interlocked.Read(ref _flushed);
        return deadline - flushed > FlushAfter.Ticks
            && Interlocked.CompareExchange(ref _flushed, deadline, flushed) == flushed;
    }

    /// <summary>Deletes the journal, when the last put under way has ended.</summary>
    public void Discard()
    {
        _puts.EnterWriteLock();
        try
        {
            Staged.Discard();
        }
        finally
        {
            _puts.ExitWriteLock();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Staged.Dispose();
        _puts.Dispose();
    }

    private static void Raise(ref long target, long value)
    {
        var seen = Interlocked.Read(ref target);
        while (seen < value)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }
}
