using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Kiln.Service.Persistence;

/// <summary>The database on a PostgreSQL server, for several nodes.</summary>
public sealed class PostgresDb(DbContextOptions<PostgresDb> options) : Db(options)
{
    /// <summary>Configures a context for a <c>postgres://user:password@host:port/database</c> address.</summary>
    /// <exception cref="FormatException">The address is not of that form.</exception>
    public static void Configure(DbContextOptionsBuilder builder, string url) =>
        builder.UseNpgsql(ConnectionString(url));

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        base.ConfigureConventions(configurationBuilder);
        // Ids order by their bytes, as on SQLite and in string.CompareOrdinal, whatever language the server was set
        // up for: paging goes by that order, and an index of it also serves a LIKE with a fixed beginning.
        configurationBuilder.Properties<string>().UseCollation("C");
    }

    /// <summary>Npgsql's connection string for a postgres URL; query parameters are passed on by name.</summary>
    public static string ConnectionString(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql"))
            throw new FormatException($"'{url}' is not a postgres://user:password@host:port/database address.");
        var user = uri.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Length > 0 ? Uri.UnescapeDataString(uri.Host) : "localhost",
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
        };
        if (user[0].Length > 0)
            builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1)
            builder.Password = Uri.UnescapeDataString(user[1]);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            builder[Uri.UnescapeDataString(parts[0])] = Uri.UnescapeDataString(parts.Length > 1 ? parts[1] : "true");
        }
        return builder.ConnectionString;
    }
}
