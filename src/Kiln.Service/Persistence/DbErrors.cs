using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Kiln.Service.Persistence;

/// <summary>Tells database errors that another caller caused from those that are faults.</summary>
public static class DbErrors
{
    private const int SqliteConstraint = 19, SqliteBusy = 5;

    /// <summary>
    /// Whether a save failed because somebody else was first: a unique or foreign key was violated, or a transaction
    /// has to be run again. The caller's second look finds the reason and says it in AWS's words.
    /// </summary>
    public static bool IsConflict(DbUpdateException failure) => failure.InnerException switch
    {
        SqliteException e => e.SqliteErrorCode is SqliteConstraint or SqliteBusy,
        PostgresException e =>
            e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation
            or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
        _ => false,
    };

    /// <summary>
    /// Whether a text of the request held U+0000, which PostgreSQL neither stores nor compares: the caller's fault.
    /// </summary>
    public static bool IsUnstorableText(Exception failure) =>
        (failure as PostgresException ?? failure.InnerException as PostgresException)?.SqlState
            is PostgresErrorCodes.CharacterNotInRepertoire;
}
