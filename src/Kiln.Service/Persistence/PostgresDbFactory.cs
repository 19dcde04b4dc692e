using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Kiln.Service.Persistence;

/// <summary>Makes a context for the tool that writes PostgreSQL's migrations; see CONTRIBUTING.md.</summary>
internal sealed class PostgresDbFactory : IDesignTimeDbContextFactory<PostgresDb>
{
    /// <inheritdoc/>
    public PostgresDb CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<PostgresDb>();
        PostgresDb.Configure(builder, "postgres://localhost/design");
        return new PostgresDb(builder.Options);
    }
}
