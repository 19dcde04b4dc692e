using Kiln.Service.Persistence;
using Kiln.Simulation.Rows;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Simulation;

/// <summary>Work rows under lost leases, dying nodes and jumping clocks: nothing is written twice, nothing is
/// forgotten.</summary>
public sealed class RowTests
{
    [Fact]
    public async Task No_two_fences_write_and_every_pending_row_is_looked_after()
    {
        await using var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using (var db = new SqliteDb(new DbContextOptionsBuilder<SqliteDb>().UseSqlite(connection).Options))
            await db.Database.EnsureCreatedAsync(TestContext.Current.CancellationToken);
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_ROWS", 300, TimeSpan.FromSeconds(15)))
        {
            await using var world = new RowWorld(seed, connection);
            await finds.Try($"seed {seed} (KILN_ROWS_SEED={seed} runs it again)", () => world.Run(60), world.Trace);
        }

        finds.Report();
    }
}
