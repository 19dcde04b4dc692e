using Kiln.Service.Accounts;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Persistence;

/// <summary>Every row of an installation. The row is the truth, and the intent.</summary>
/// <remarks>
/// Used plainly by operations and reconcilers: one context a call, one SaveChanges at the end of what belongs
/// together. Sets are listed by service in the other parts of this class. Configuration of an entity stands in the
/// entity's file. The two derived contexts only own migrations and what their databases need.
/// </remarks>
public abstract partial class Db : DbContext
{
    private readonly WriteGate _gate;
    private readonly WorkSignal _signal;

    /// <summary>Makes a context; its only parameter is the options, so that contexts can be pooled.</summary>
    protected Db(DbContextOptions options)
        : base(options)
    {
        // Absent where a tool makes a context to look at the model.
        var services = options.FindExtension<CoreOptionsExtension>()?.ApplicationServiceProvider;
        _gate = services?.GetService<WriteGate>() ?? new WriteGate(single: true);
        _signal = services?.GetService<WorkSignal>() ?? new WorkSignal();
    }

    /// <summary>Accounts.</summary>
    public DbSet<Account> Accounts => Set<Account>();

    /// <summary>Access keys, long-lived and temporary.</summary>
    public DbSet<AccessKey> AccessKeys => Set<AccessKey>();

    /// <summary>Settings of the installation as a whole, such as the offset of the domain clock.</summary>
    public DbSet<Setting> Settings => Set<Setting>();

    /// <summary>The only queue, timer and schedule.</summary>
    public DbSet<Work.Work> Work => Set<Work.Work>();

    /// <summary>Answers kept for calls that carried a client token.</summary>
    public DbSet<IdempotentAnswer> IdempotentAnswers => Set<IdempotentAnswer>();

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite can neither order nor compare DateTimeOffset; milliseconds since the epoch it can, as AWS shows them.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
        configurationBuilder.Properties<Enum>().HaveConversion<string>();
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(Db).Assembly);
    }

    /// <inheritdoc/>
    /// <exception cref="DbUpdateConcurrencyException">A row changed since it was read.</exception>
    public override async Task<int> SaveChangesAsync(
        bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var inTransaction = Database.CurrentTransaction is not null;
        if (HasLimits && !inTransaction)
        {
            return await InTransaction(
                () => SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken), cancellationToken);
        }
        ChangeTracker.DetectChanges();
        foreach (var entry in ChangeTracker.Entries<Entity>())
        {
            if (entry.State is EntityState.Added or EntityState.Modified)
                entry.Entity.Version++;
        }

        // One writer at a time inside the process, where the database has one writer anyway: waiting here is fair
        // and costs nothing, while SQLite's own busy handler sleeps and retries.
        if (!inTransaction)
            await _gate.EnterAsync(cancellationToken);
        var wake = ChangeTracker.Entries<Work.Work>().Any(e => e.State is EntityState.Added or EntityState.Modified);
        try
        {
            Task<int> Write() => base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
            return await (HasLimits ? WriteWithinLimits(Write, cancellationToken) : Write());
        }
        finally
        {
            if (!inTransaction)
            {
                _gate.Leave();
                if (wake)
                    _signal.Notify();
            }
        }
    }

    /// <summary>Runs several saves as one transaction, holding the write gate throughout.</summary>
    public async Task<T> InTransaction<T>(Func<Task<T>> body, CancellationToken cancel, bool wake = true)
    {
        await _gate.EnterAsync(cancel);
        try
        {
            await using var transaction = await Database.BeginTransactionAsync(cancel);
            var result = await body();
            await transaction.CommitAsync(cancel);
            return result;
        }
        finally
        {
            _gate.Leave();
            if (wake)
                _signal.Notify();
        }
    }

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(), milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}
