using Microsoft.Data.Sqlite;

namespace Kiln.Service.Persistence;

/// <summary>Tells SQLite's planner how selective each index is, once and for all.</summary>
/// <remarks>
/// Without statistics the planner takes <c>Region = ?</c> for a rare condition and walks a whole Region to find one
/// image. Statistics gathered from a young database mislead it later, so they are written from what the columns mean:
/// plans are the same on an empty catalogue and on one of 100,000 images. See https://sqlite.org/fileformat2.html,
/// "The sqlite_stat1 Table", which allows and describes this.
/// </remarks>
internal static class SqliteStatistics
{
    /// <summary>Rows of each table as the planner shall see it.</summary>
    private const int Rows = 100_000;

    /// <summary>How many values a column has, for those with few; any other is taken for nearly unique.</summary>
    private static readonly Dictionary<string, int> Values = new(StringComparer.Ordinal)
    {
        ["Region"] = 2, ["AccountId"] = 4, ["IsPublic"] = 1, ["State"] = 2, ["Kind"] = 3, ["Key"] = 20, ["Value"] = 200,
        ["NodeId"] = 1, ["LeaseOwner"] = 2, ["ResourceType"] = 4,
    };

    /// <summary>Writes the statistics of every index of the schema. Connections opened from now on go by
    /// them.</summary>
    public static void Write(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction();
        // On an empty schema this makes the table; its own findings are replaced below.
        Execute(connection, "ANALYZE sqlite_schema");
        Execute(connection, "DELETE FROM sqlite_stat1");
        foreach (var (table, index) in Indexes(connection))
        {
            var rows = (double)Rows;
            var (columns, unique) = Columns(connection, index);
            var estimates = columns.Select((column, n) =>
            {
                rows = Math.Max(1, rows / Values.GetValueOrDefault(column, Rows));
                return unique && n == columns.Count - 1 ? 1 : (int)Math.Ceiling(rows);
            });
            using var insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($table, $index, $stat)";
            insert.Parameters.AddWithValue("$table", table);
            insert.Parameters.AddWithValue("$index", index);
            insert.Parameters.AddWithValue("$stat", $"{Rows} {string.Join(' ', estimates)}");
            insert.ExecuteNonQuery();
        }
        transaction.Commit();
        Execute(connection, "ANALYZE sqlite_schema");
    }

    private static List<(string Table, string Index)> Indexes(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT tbl_name, name FROM sqlite_schema WHERE type = 'index'";
        using var reader = command.ExecuteReader();
        var found = new List<(string, string)>();
        while (reader.Read())
            found.Add((reader.GetString(0), reader.GetString(1)));
        return found;
    }

    private static (List<string> Columns, bool Unique) Columns(SqliteConnection connection, string index)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT i.name, (SELECT l.\"unique\" FROM sqlite_schema s, pragma_index_list(s.tbl_name) l " +
            "WHERE s.name = $index AND l.name = $index) FROM pragma_index_info($index) i ORDER BY i.seqno";
        command.Parameters.AddWithValue("$index", index);
        using var reader = command.ExecuteReader();
        var columns = new List<string>();
        var unique = false;
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
            unique = reader.GetInt64(1) == 1;
        }
        return (columns, unique);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are the constants above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
