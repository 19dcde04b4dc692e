using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Persistence;

/// <summary>A row that several calls and reconcilers may change: a change made on a stale copy is refused.</summary>
public abstract class Entity
{
    /// <summary>Counts the changes; the concurrency token on both databases.</summary>
    [ConcurrencyCheck]
    public long Version { get; internal set; }
}
