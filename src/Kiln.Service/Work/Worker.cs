using Kiln.Service.Metrics;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Work;

/// <summary>Claims due work rows and runs their reconcilers' steps: the only background loop of the service.</summary>
/// <remarks>
/// Claim → step → commit entities and work row in one transaction under the fence. A node that died leaves a lease
/// that lapses; a node that lost its lease cannot commit. Any number of nodes, no leader.
/// </remarks>
public sealed partial class Worker(
    IServiceScopeFactory scopes, IEnumerable<IReconciler> reconcilers, DomainClock clock, WorkSignal signal,
    NodeIdentity node, ServiceMetrics metrics, ILogger<Worker> log) : BackgroundService
{
    /// <summary>How long a claim holds without renewal: longer than any pause of a healthy process.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>Steps under way at once in one process: most wait for a disk or a guest.</summary>
    public const int ConcurrentMax = 16;

    // A committed row wakes the worker at once, and so does the next time at which one is due; the poll is for other
    // nodes' rows, a clock that is moved and lapsed leases.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IReconciler> _byKind = reconcilers.ToDictionary(r => r.Kind);
    private readonly SemaphoreSlim _slots = new(ConcurrentMax);
    private int _running;
    private string? _trouble;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _slots.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ReleaseOwn(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var wake = signal.Next;
            var pause = Poll;
            try
            {
                pause = await ClaimAndStart(stoppingToken);
                if (_trouble is not null)
                    LogGoesOn();
                _trouble = null;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                // It is tried every second, and said once: a log that grows fills the disk that it complains of.
                if (failure.Message != _trouble)
                    LogClaim(failure);
                _trouble = failure.Message;
            }
            if (pause > TimeSpan.Zero)
                await Task.WhenAny(wake, Task.Delay(pause, clock.Wall, stoppingToken));
        }
        for (var slot = 0; slot < ConcurrentMax; slot++)
            await _slots.WaitAsync(CancellationToken.None);
    }

    // A node is one process at a time: what an earlier one held when it was killed nobody holds any more.
    internal async Task ReleaseOwn(CancellationToken cancel)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<Db>();
            await db.Work.Where(w => w.LeaseOwner == node.Id).ExecuteUpdateAsync(
                set => set.SetProperty(w => w.LeaseUntil, DateTimeOffset.UnixEpoch), cancel);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The leases lapse by themselves, only later.
            LogClaim(failure);
        }
    }

    private void LogClaim(Exception failure)
    {
        if (DbErrors.DiskObstacle(failure) is { } obstacle)
            LogWaits(obstacle);
        else
            LogClaimFailed(failure);
    }

    /// <returns>How long there is nothing to do, as far as can be told; zero where there may be more.</returns>
    private async Task<TimeSpan> ClaimAndStart(CancellationToken stopping)
    {
        var free = ConcurrentMax - Volatile.Read(ref _running);
        if (free == 0)
        {
            await _slots.WaitAsync(stopping);
            _slots.Release();
            return TimeSpan.Zero;
        }

        List<Work> claimed;
        await using (var scope = scopes.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<Db>();
            await AdoptOffset(db, stopping);
            // Looking first keeps an idle node from writing to the database every second.
            var now = clock.GetUtcNow();
            var wallNow = clock.Wall.GetUtcNow();
            var soon = now + Poll;
            var next = await db.Work.Where(w => w.DueAt <= soon && w.LeaseUntil <= wallNow
                    && (w.NodeId == null || w.NodeId == node.Id))
                .OrderBy(w => w.DueAt).Select(w => (DateTimeOffset?)w.DueAt).FirstOrDefaultAsync(stopping);
            if (next is not { } due)
                return Poll;
            if (due > now)
                return due - now;
            claimed = await db.InTransaction(
                () => ClaimSql.Claim(db, node.Id, now, wallNow, Lease, free, stopping), stopping, wake: false);
        }
        foreach (var work in claimed)
        {
            await _slots.WaitAsync(CancellationToken.None);
            Interlocked.Increment(ref _running);
            _ = Task.Run(() => RunAndRelease(work, stopping), CancellationToken.None);
        }
        return claimed.Count > 0 ? TimeSpan.Zero : Poll;
    }

    private async Task AdoptOffset(Db db, CancellationToken cancel)
    {
        var offset = await db.Settings.AsNoTracking().Where(s => s.Name == ClockSetting.Name)
            .Select(s => s.Value).SingleOrDefaultAsync(cancel);
        if (offset is not null)
            clock.Adopt(ClockSetting.Parse(offset));
    }

    private async Task RunAndRelease(Work work, CancellationToken stopping)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var done = new CancellationTokenSource();
        var renewing = RenewLease(work, lost, done.Token);
        try
        {
            await RunStep(work, lost.Token);
        }
        catch (Exception failure)
        {
            LogReleaseFailed(failure, work.Kind, work.ResourceId);
        }
        finally
        {
            await done.CancelAsync();
            await renewing;
            Interlocked.Decrement(ref _running);
            _slots.Release();
            signal.Notify();
        }
    }

    /// <summary>Runs the step of a row that was claimed, and commits it or lets go of the row.</summary>
    internal async Task RunStep(Work work, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        var outcome = "again";
        try
        {
            if (!_byKind.TryGetValue(work.Kind, out var reconciler))
                throw new InvalidOperationException($"No reconciler takes work of kind '{work.Kind}'.");
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<Db>();
            var row = db.Attach(work).Entity;
            var result = await reconciler.Step(work.ResourceId, db, cancel);
            if (result.After is { } after)
            {
                row.DueAt = clock.GetUtcNow() + after;
                row.LeaseOwner = null;
                row.LeaseUntil = DateTimeOffset.UnixEpoch;
                row.Attempts = 0;
                row.LastError = null;
            }
            else
            {
                db.Remove(row);
                outcome = "done";
            }
            await db.SaveChangesAsync(cancel);
        }
        catch (Exception conflict) when (DbErrors.IsConflict(conflict))
        {
            // Somebody changed the rows meanwhile, or wished for another look: look again, now.
            await Release(work, TimeSpan.Zero, failure: null);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await Release(work, TimeSpan.Zero, failure: null);
        }
        catch (Exception failure)
        {
            outcome = "failed";
            LogStepFailed(failure, work.Kind, work.ResourceId, work.Attempts + 1);
            await Release(work, Backoff.After(work.Attempts + 1), failure);
        }
        finally
        {
            metrics.Stepped(_byKind.ContainsKey(work.Kind) ? work.Kind : null, outcome, began);
        }
    }

    private async Task Release(Work work, TimeSpan pause, Exception? failure)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var message = failure?.Message is { Length: > Work.ErrorMax } text ? text[..Work.ErrorMax] : failure?.Message;
        await ClaimSql.Release(db, work, message is null ? null : (message, clock.GetUtcNow() + pause));
    }

    private async Task RenewLease(Work work, CancellationTokenSource lost, CancellationToken done)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Lease / 3, clock.Wall, done);
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<Db>();
                if (!await ClaimSql.Renew(db, work, clock.Wall.GetUtcNow() + Lease, done))
                {
                    await lost.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The step has ended.
        }
        catch (Exception failure)
        {
            LogRenewFailed(failure, work.Kind, work.ResourceId);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Claiming work failed")]
    private partial void LogClaimFailed(Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Obstacle} Background work waits, and goes on by itself")]
    private partial void LogWaits(string obstacle);

    [LoggerMessage(Level = LogLevel.Information, Message = "Background work goes on")]
    private partial void LogGoesOn();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Step of {Kind} {ResourceId} failed, attempt {Attempt}")]
    private partial void LogStepFailed(Exception failure, string kind, string resourceId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Releasing {Kind} {ResourceId} failed; its lease will lapse")]
    private partial void LogReleaseFailed(Exception failure, string kind, string resourceId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Renewing the lease of {Kind} {ResourceId} failed")]
    private partial void LogRenewFailed(Exception failure, string kind, string resourceId);
}
