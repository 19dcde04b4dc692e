using Kiln.Service.Persistence;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Persistence;

public sealed class MigrationTests
{
    [Fact]
    public void Both_databases_have_a_migration_for_every_change_of_the_model()
    {
        var sqlite = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(sqlite, "never-opened.db");
        var postgres = new DbContextOptionsBuilder<PostgresDb>();
        PostgresDb.Configure(postgres, "postgres://localhost/never-opened");
        using var first = new SqliteDb(sqlite.Options);
        using var second = new PostgresDb(postgres.Options);

        Assert.False(first.Database.HasPendingModelChanges(), "SQLite lacks a migration: see CONTRIBUTING.md.");
        Assert.False(second.Database.HasPendingModelChanges(), "PostgreSQL lacks a migration: see CONTRIBUTING.md.");
    }

    [Fact]
    public async Task A_start_over_a_migrated_database_keeps_its_rows()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        var account = server.Server.First!.AccountId;
        await server.StopAsync();

        await server.StartAsync();

        Assert.Null(server.Server.First);
        Assert.True(await server.WithDb(db => db.Accounts.AnyAsync(
            a => a.Id == account, TestContext.Current.CancellationToken)));
    }
}
