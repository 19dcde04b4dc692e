using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Kiln.Service.Persistence;

/// <summary>Makes a context for the tool that writes SQLite's migrations; see CONTRIBUTING.md.</summary>
internal sealed class SqliteDbFactory : IDesignTimeDbContextFactory<SqliteDb>
{
    /// <inheritdoc/>
    public SqliteDb CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(builder, "design.db");
        return new SqliteDb(builder.Options);
    }
}
