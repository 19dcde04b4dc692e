using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using SQLitePCL;

namespace Kiln.Service.Persistence;

/// <summary>The database in one local file.</summary>
public sealed class SqliteDb(DbContextOptions<SqliteDb> options) : Db(options)
{
    /// <summary>Configures a context for the file.</summary>
    public static void Configure(DbContextOptionsBuilder builder, string path)
    {
        var connection = new SqliteConnectionStringBuilder { DataSource = path, Pooling = true, DefaultTimeout = 30 };
        builder.UseSqlite(connection.ConnectionString).AddInterceptors(new Pragmas());
    }

    /// <summary>What a connection needs before its first statement.</summary>
    private sealed class Pragmas : DbConnectionInterceptor
    {
        // WAL: readers never wait for the writer. FULL: a commit that was answered is on disk, also after power loss.
        // Case-sensitive LIKE: AWS's filters are, and PostgreSQL's LIKE is. 64 MiB of file mapping spares copies.
        private const string Text =
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=10000; " +
            "PRAGMA case_sensitive_like=ON; PRAGMA cache_size=-8192; PRAGMA mmap_size=67108864;";

        // A connection comes out of its pool many times a request; its settings stay with the handle inside.
        private static readonly ConditionalWeakTable<sqlite3, object> Set = [];

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            var handle = ((SqliteConnection)connection).Handle!;
            if (Set.TryGetValue(handle, out _))
                return;
            using var command = connection.CreateCommand();
            command.CommandText = Text;
            command.ExecuteNonQuery();
            Set.TryAdd(handle, Text);
        }

        public override Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }
    }
}
