using System.Diagnostics.Metrics;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static Kiln.Service.Metrics.ServiceMetrics;

namespace Kiln.Service.Metrics;

/// <summary>How many work rows there are, by kind and state. Counted in the database before they are read.</summary>
public sealed class WorkGauges
{
    private readonly IServiceScopeFactory _scopes;
    private readonly HashSet<string> _kinds;
    private readonly DomainClock _clock;
    private volatile IReadOnlyList<Measurement<long>> _rows = [];
    private double _late;

    /// <summary>Makes the instruments.</summary>
    public WorkGauges(
        IMeterFactory meters, IEnumerable<IReconciler> reconcilers, IServiceScopeFactory scopes, DomainClock clock)
    {
        (_scopes, _clock) = (scopes, clock);
        // A row of another version may bear any kind.
        _kinds = [.. reconcilers.Select(r => r.Kind)];
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge(
            "kiln.work.rows", () => _rows, "{row}", "Work rows, by kind and state: running, due or waiting.");
        meter.CreateObservableGauge(
            "kiln.work.late", () => Volatile.Read(ref _late), "s", "How long the oldest due row has been due.");
    }

    /// <summary>Counts.</summary>
    public async Task Refresh(CancellationToken cancel)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var (now, wall) = (_clock.GetUtcNow(), _clock.Wall.GetUtcNow());
        var counts = await db.Work.AsNoTracking()
            .GroupBy(w => new { w.Kind, Running = w.LeaseUntil > wall, Due = w.DueAt <= now })
            .Select(g => new { g.Key.Kind, g.Key.Running, g.Key.Due, Count = g.LongCount() }).ToListAsync(cancel);
        var oldest = await db.Work.AsNoTracking().Where(w => w.LeaseUntil <= wall && w.DueAt <= now)
            .OrderBy(w => w.DueAt).Select(w => (DateTimeOffset?)w.DueAt).FirstOrDefaultAsync(cancel);
        Volatile.Write(ref _late, oldest is { } at ? (now - at).TotalSeconds : 0);
        _rows = [.. counts
            .GroupBy(c => (
                Kind: _kinds.Contains(c.Kind) ? c.Kind : Other,
                State: c.Running ? "running" : c.Due ? "due" : "waiting"))
            .Select(g => new Measurement<long>(
                g.Sum(c => c.Count), Label("kind", g.Key.Kind), Label("state", g.Key.State)))];
    }
}
