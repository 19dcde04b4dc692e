using Kiln.Service.Work;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Persistence;

/// <summary>Brings the database to this version's schema before the first request.</summary>
public sealed class DbStart(IServiceScopeFactory scopes, DomainClock clock)
{
    /// <summary>Creates or migrates the schema and takes over the clock's offset.</summary>
    public async Task Prepare(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        await db.Database.EnsureCreatedAsync(cancel);
        if (db.Database.GetDbConnection() is SqliteConnection sqlite)
        {
            await db.Database.OpenConnectionAsync(cancel);
            SqliteStatistics.Write(sqlite);
            await db.Database.CloseConnectionAsync();
            // Pooled connections have read the schema without them.
            SqliteConnection.ClearPool(sqlite);
        }
        var offset = await db.Settings.AsNoTracking().SingleOrDefaultAsync(s => s.Name == ClockSetting.Name, cancel);
        if (offset is not null)
            clock.Adopt(ClockSetting.Parse(offset.Value));
    }
}
