using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Work;

/// <summary>A pointer to a row that somebody should look at when it is due. It says <i>look at ami-1</i>, never <i>do
/// Y</i>.</summary>
/// <remarks>Jobs, retries, timers and schedules are all this row with another <see cref="DueAt"/>.</remarks>
public sealed class Work
{
    /// <summary>The reconciler's kind, e.g. <c>image</c>.</summary>
    [MaxLength(40)]
    public required string Kind { get; init; }

    /// <summary>The resource to look at.</summary>
    [MaxLength(200)]
    public required string ResourceId { get; init; }

    /// <summary>Characters of an error that are kept.</summary>
    public const int ErrorMax = 2_000;

    /// <summary>When to look, by the domain clock.</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>The node that alone can do it (its disks hold the bytes); null for any.</summary>
    [MaxLength(40)]
    public string? NodeId { get; set; }

    /// <summary>The node that holds the lease; null when nobody does.</summary>
    [MaxLength(40)]
    public string? LeaseOwner { get; set; }

    /// <summary>When the lease ends, by the wall clock: liveness only.</summary>
    public DateTimeOffset LeaseUntil { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>Counts claims: a holder of an older fence cannot write. Safety.</summary>
    /// <remarks>A row that is made again begins elsewhere: who held a claim of the earlier row must not pass for who
    /// holds one of the later.</remarks>
    [ConcurrencyCheck]
    public long Fence { get; set; } = Calls.Ids.Fence();

    /// <summary>Counts wishes: a step that began before the latest wish cannot end the row.</summary>
    [ConcurrencyCheck]
    public long Wish { get; set; }

    /// <summary>How often in a row a step has thrown.</summary>
    public int Attempts { get; set; }

    /// <summary>What the last failed step said.</summary>
    [MaxLength(ErrorMax)]
    public string? LastError { get; set; }

    /// <summary>A new pointer, due at once or later.</summary>
    public static Work For(string kind, string resourceId, DateTimeOffset dueAt, string? nodeId = null) =>
        new() { Kind = kind, ResourceId = resourceId, DueAt = dueAt, NodeId = nodeId };

    /// <summary>Makes sure that somebody looks at a resource by a time, whether or not a row points to it
    /// already.</summary>
    public static async Task Want(
        Db db, string kind, string resourceId, DateTimeOffset dueAt, CancellationToken cancel, string? nodeId = null)
    {
        var row = await db.Work.FindAsync([kind, resourceId], cancel);
        if (row is null)
        {
            db.Add(For(kind, resourceId, dueAt, nodeId));
            return;
        }
        row.Wish++;
        row.Attempts = 0;
        if (dueAt < row.DueAt)
            row.DueAt = dueAt;
    }

    /// <summary>Commits a wish of a start, which nobody runs again: another node may wish for the same at the same
    /// time.</summary>
    public static async Task Commit(Db db, Func<Task> want, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            await want();
            try
            {
                await db.SaveChangesAsync(cancel);
                return;
            }
            catch (Exception raced) when (attempt < Calls.Pipeline.AttemptsMax && DbErrors.IsConflict(raced))
            {
                db.ChangeTracker.Clear();
            }
        }
    }

    private sealed class Configuration : IEntityTypeConfiguration<Work>
    {
        public void Configure(EntityTypeBuilder<Work> builder)
        {
            builder.HasKey(w => new { w.Kind, w.ResourceId });
            builder.HasIndex(w => w.DueAt);
        }
    }
}
