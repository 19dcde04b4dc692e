using Kiln.Service.Work;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Persistence;

/// <summary>Brings the database to this version's schema before the first request.</summary>
public sealed class DbStart(IServiceScopeFactory scopes, DomainClock clock)
{
    // "kilnmigr" as a number: any will do that no other program takes on this database.
    private const long MigrationLock = 0x6B69_6C6E_6D69_6772;

    /// <summary>Creates or migrates the schema and takes over the clock's offset.</summary>
    public async Task Prepare(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        if ((await db.Database.GetPendingMigrationsAsync(cancel)).Any())
            await Migrate(db, cancel);
        if (db.Database.GetDbConnection() is SqliteConnection sqlite)
        {
            await db.Database.OpenConnectionAsync(cancel);
            SqliteStatistics.Write(sqlite);
            await db.Database.CloseConnectionAsync();
            // Pooled connections have read the schema without them.
            SqliteConnection.ClearPool(sqlite);
        }
        await Work.Work.Commit(
            db, () => Work.Work.Want(db, KeptAnswers.WorkKind, "all", clock.GetUtcNow(), cancel), cancel);
        var offset = await db.Settings.AsNoTracking().SingleOrDefaultAsync(s => s.Name == ClockSetting.Name, cancel);
        if (offset is not null)
            clock.Adopt(ClockSetting.Parse(offset.Value));
    }

    // A process that was killed while it migrated leaves EF's lock row behind, which would be waited for for ever. One
    // process at a time has the data folder, so on SQLite there is nobody whose lock it could be.
    private static async Task Migrate(Db db, CancellationToken cancel)
    {
        if (db is SqliteDb)
        {
            await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancel);
            await db.Database.MigrateAsync(cancel);
            return;
        }
        // EF's lock on PostgreSQL ends with each migration, and the next would be run by two nodes that start together.
        // This one is the connection's, so it ends with a killed process too.
        await db.Database.OpenConnectionAsync(cancel);
        try
        {
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancel);
            await db.Database.MigrateAsync(cancel);
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", cancel);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }
}
