using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

/// <summary>Limits on rows that are counted together. They hold however many callers ask at once.</summary>
public abstract partial class Db
{
    private readonly List<(string Thing, Func<CancellationToken, Task<bool>> Holds)> _limits = [];

    // Contexts are pooled: what an earlier user left unsaved is not this one's.
    private DbContextId _limitsOf;

    /// <summary>Refuses more rows than there may be, now and when they are saved.</summary>
    /// <param name="thing">What is counted, e.g. the volumes of an account in a Region: one text for all that count
    /// it.</param>
    /// <param name="rows">All rows of it.</param>
    /// <param name="most">How many there may be.</param>
    /// <param name="more">How many the caller is going to add.</param>
    /// <param name="refusal">Says so in the service's words.</param>
    /// <param name="cancel">Ends the count.</param>
    public async Task Limit<T>(
        string thing, IQueryable<T> rows, int most, int more, Func<Exception> refusal, CancellationToken cancel)
    {
        if (await rows.CountAsync(cancel) + more > most)
            throw refusal();
        Keep(thing, async stop => await rows.CountAsync(stop) <= most);
    }

    /// <summary>Has the next save look again at what the caller has counted.</summary>
    /// <remarks>
    /// Saves that name the same thing follow one another, and each looks at what it leaves. One that would leave too
    /// much is undone, and answered as a conflict (<see cref="DbErrors.IsConflict"/>): the operation runs again, and
    /// its own look finds what to say. The look before is not enough, as two at once would both find room for the
    /// last; and whatever is slow, such as cutting a volume, happens before the line and not in it.
    /// </remarks>
    /// <param name="thing">What is counted.</param>
    /// <param name="holds">Whether what is in the database is within the limit.</param>
    public void Keep(string thing, Func<CancellationToken, Task<bool>> holds)
    {
        if (_limitsOf != ContextId)
            _limits.Clear();
        _limitsOf = ContextId;
        _limits.RemoveAll(l => l.Thing == thing);
        _limits.Add((thing, holds));
    }

    private bool HasLimits => _limitsOf == ContextId && _limits.Count > 0;

    /// <summary>Writes within a transaction, unless that would leave more than there may be.</summary>
    /// <exception cref="DbUpdateConcurrencyException">Others took the room.</exception>
    private async Task<int> WriteWithinLimits(Func<Task<int>> write, CancellationToken cancel)
    {
        var limits = _limits.OrderBy(l => l.Thing, StringComparer.Ordinal).ToArray();
        _limits.Clear();
        // SQLite has one writer at a time whatever it writes; PostgreSQL has to be told.
        if (Database.IsNpgsql())
        {
            foreach (var (thing, _) in limits)
                await Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({thing}, 0))", cancel);
        }
        var written = await write();
        foreach (var (thing, holds) in limits)
        {
            if (!await holds(cancel))
                throw new DbUpdateConcurrencyException($"Others took the room that was left for {thing}.");
        }
        return written;
    }
}
