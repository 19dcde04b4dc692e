using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Kiln.Service.Persistence;

/// <summary>Tells database errors that another caller caused from those that are faults.</summary>
public static class DbErrors
{
    private const int SqliteConstraint = 19, SqliteBusy = 5, SqliteFull = 13, SqliteReadOnly = 8;

    /// <summary>
    /// Whether somebody else was first: a row changed since it was read, a unique or foreign key was violated, or a
    /// transaction has to be run again. The caller's second look finds the reason and says it in AWS's words.
    /// </summary>
    public static bool IsConflict(Exception failure)
    {
        // Npgsql's execution strategy wraps what it takes for transient, deadlocks among it, in an
        // InvalidOperationException; EF wraps what a save met in a DbUpdateException. What counts is inside.
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case DbUpdateConcurrencyException:
                    return true;
                case SqliteException e:
                    return e.SqliteErrorCode is SqliteConstraint or SqliteBusy;
                case PostgresException e:
                    return e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation
                        or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected;
            }
        }
        return false;
    }

    /// <summary>
    /// What is wrong with the disk, in words, when the database or a store could not write to it; else null. It passes
    /// by itself when somebody makes room.
    /// </summary>
    public static string? DiskObstacle(Exception failure)
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case Blocks.StoreFullException:
                case SqliteException { SqliteErrorCode: SqliteFull }:
                case PostgresException { SqlState: PostgresErrorCodes.DiskFull }:
                    return "The disk is full.";
                case Blocks.StoreReadOnlyException:
                case SqliteException { SqliteErrorCode: SqliteReadOnly }:
                case PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction }:
                    return "The disk, or the database on it, can only be read.";
            }
        }
        return null;
    }

    /// <summary>
    /// Whether a text of the request held U+0000, which PostgreSQL neither stores nor compares: the caller's fault.
    /// </summary>
    public static bool IsUnstorableText(Exception failure) =>
        (failure as PostgresException ?? failure.InnerException as PostgresException)?.SqlState
            is PostgresErrorCodes.CharacterNotInRepertoire;
}
