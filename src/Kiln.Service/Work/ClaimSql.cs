using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Work;

/// <summary>The one raw statement of the product: takes due work rows, in one atomic step, on both databases.</summary>
internal static class ClaimSql
{
    /// <summary>Claims up to <paramref name="limit"/> rows: due, unleased or lapsed, and doable on this node.</summary>
    public static Task<List<Work>> Claim(
        Db db, string nodeId, DateTimeOffset domainNow, DateTimeOffset wallNow, TimeSpan lease, int limit,
        CancellationToken cancel)
    {
        var due = domainNow.ToUnixTimeMilliseconds();
        var now = wallNow.ToUnixTimeMilliseconds();
        var until = (wallNow + lease).ToUnixTimeMilliseconds();
        // The row lock is PostgreSQL's way to let two nodes claim at once; SQLite has one writer and no such clause.
        return db is PostgresDb
            ? db.Work.FromSql($"""
                UPDATE "Work" SET "LeaseOwner" = {nodeId}, "LeaseUntil" = {until}, "Fence" = "Fence" + 1
                WHERE ("Kind", "ResourceId") IN (SELECT "Kind", "ResourceId" FROM "Work"
                    WHERE "DueAt" <= {due} AND "LeaseUntil" <= {now} AND ("NodeId" IS NULL OR "NodeId" = {nodeId})
                    ORDER BY "DueAt" LIMIT {limit} FOR UPDATE SKIP LOCKED)
                RETURNING *
                """).AsNoTracking().ToListAsync(cancel)
            : db.Work.FromSql($"""
                UPDATE "Work" SET "LeaseOwner" = {nodeId}, "LeaseUntil" = {until}, "Fence" = "Fence" + 1
                WHERE ("Kind", "ResourceId") IN (SELECT "Kind", "ResourceId" FROM "Work"
                    WHERE "DueAt" <= {due} AND "LeaseUntil" <= {now} AND ("NodeId" IS NULL OR "NodeId" = {nodeId})
                    ORDER BY "DueAt" LIMIT {limit})
                RETURNING *
                """).AsNoTracking().ToListAsync(cancel);
    }

    /// <summary>Prolongs a lease while its step is still under way. False when the fence has moved on.</summary>
    public static async Task<bool> Renew(Db db, Work work, DateTimeOffset until, CancellationToken cancel)
    {
        var rows = await db.Work
            .Where(w => w.Kind == work.Kind && w.ResourceId == work.ResourceId && w.Fence == work.Fence)
            .ExecuteUpdateAsync(set => set.SetProperty(w => w.LeaseUntil, until), cancel);
        return rows == 1;
    }

    /// <summary>Lets go of a row whose step did not commit. Not when the fence has moved on.</summary>
    /// <remarks>In one statement, which no wish that comes in between can make fail: a lease that is left to lapse
    /// holds the row for half a minute.</remarks>
    /// <param name="db">The database.</param>
    /// <param name="work">The row as it was claimed.</param>
    /// <param name="failure">What the step threw and when to look again; null to look again now.</param>
    public static Task<int> Release(Db db, Work work, (string Message, DateTimeOffset Again)? failure) =>
        db.InTransaction(() =>
        {
            var mine = db.Work.Where(
                w => w.Kind == work.Kind && w.ResourceId == work.ResourceId && w.Fence == work.Fence);
            return failure is not { } thrown
                ? mine.ExecuteUpdateAsync(set => set
                    .SetProperty(w => w.LeaseOwner, (string?)null)
                    .SetProperty(w => w.LeaseUntil, DateTimeOffset.UnixEpoch))
                : mine.ExecuteUpdateAsync(set => set
                    .SetProperty(w => w.LeaseOwner, (string?)null)
                    .SetProperty(w => w.LeaseUntil, DateTimeOffset.UnixEpoch)
                    .SetProperty(w => w.Attempts, w => w.Attempts + 1)
                    .SetProperty(w => w.LastError, thrown.Message)
                    .SetProperty(w => w.DueAt, thrown.Again));
        }, CancellationToken.None, wake: false);
}
