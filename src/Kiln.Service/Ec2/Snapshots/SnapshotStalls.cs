using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Service.Work;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Pending snapshots that wait for a disk: full, or one that fails or cannot be written.</summary>
/// <remarks>The patience is by the domain clock, and from anew after a restart. What is stored so far stays.</remarks>
public sealed class SnapshotStalls(DomainClock clock)
{
    /// <summary>How long a snapshot waits before it fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    // A try reads all that is to be stored: seldom, the longer it lasts.
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _since = new(StringComparer.Ordinal);

    /// <summary>True for what may pass: want of space, and errors of the disk. Damage does not.</summary>
    public static bool IsPassing(Exception failure) =>
        failure is StoreFullException or StoreReadOnlyException or (IOException and not BlockStoreException);

    /// <summary>Has a snapshot wait, and says so in its StateMessage.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="failure">What <see cref="IsPassing"/>.</param>
    /// <param name="pause">When to try again.</param>
    /// <returns>Null; or, when its patience is over, why it fails: a sentence, without what becomes of the data.
    /// </returns>
    public string? Wait(Snapshot snapshot, Exception failure, out TimeSpan pause)
    {
        var now = clock.GetUtcNow();
        var lasting = now - _since.GetOrAdd(snapshot.Id, now);
        var obstacle = failure switch
        {
            StoreFullException => "is full",
            StoreReadOnlyException => "cannot be written",
            _ => "is failing",
        };
        pause = lasting < PauseMin ? PauseMin : lasting < PauseMax ? lasting : PauseMax;
        if (lasting >= Patience)
        {
            return $"The disk of {snapshot.Region} {obstacle}, and has been for {(int)lasting.TotalMinutes} minutes.";
        }
        snapshot.Stall($"The disk of {snapshot.Region} {obstacle}. The snapshot waits, and goes on by itself.");
        return null;
    }

    /// <summary>Forgets a snapshot that waits no more.</summary>
    public void Forget(string snapshotId) => _since.TryRemove(snapshotId, out _);
}
