using System.Globalization;
using Kiln.Service.Metrics;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Kiln.Simulation.Worlds;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kiln.Simulation.Rows;

/// <summary>
/// Two nodes and their work rows: steps that are stopped in their middle and go on late, leases that lapse or are
/// stolen, nodes that die, wishes from calls, and clocks that jump.
/// </summary>
/// <remarks>
/// The real <see cref="Worker"/> and its statements on a database in memory; one step moves at a time, so a run follows
/// from its seed. A resource is a row whose value is <c>state count fence</c>: count grows by one with each commit.
/// </remarks>
internal sealed class RowWorld : IAsyncDisposable
{
    internal const string WorkKind = "simulated";
    private const int Resources = 4;
    private static readonly string[] Nodes = ["node-a", "node-b"];

    private readonly Random random;
    private readonly SimulatedClock wall = new();
    private readonly DomainClock clock;
    private readonly ServiceProvider services;
    private readonly List<StoppedStep> underWay = [];
    private readonly List<string> trace = [];
    private readonly Dictionary<string, (int Count, long Fence)> seen = [];

    internal RowWorld(int seed, SqliteConnection connection)
    {
        random = new Random(seed);
        clock = new DomainClock(wall);
        services = new ServiceCollection()
            .AddMetrics()
            .AddSingleton<TimeProvider>(wall)
            .AddSingleton<ServiceMetrics>()
            .AddScoped<Db>(_ => new SqliteDb(
                new DbContextOptionsBuilder<SqliteDb>().UseSqlite(connection).Options))
            .BuildServiceProvider();
    }

    internal IReadOnlyList<string> Trace => trace;

    /// <summary>Does so many random things, and holds what must hold after each.</summary>
    internal async Task Run(int count)
    {
        await Begin();
        for (var i = 0; i < count; i++)
        {
            await One();
            await Hold();
        }

        await Settle();
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();

    private async Task Begin()
    {
        await With(async db =>
        {
            await db.Work.ExecuteDeleteAsync();
            await db.Settings.ExecuteDeleteAsync();
            for (var i = 0; i < Resources; i++) db.Add(new Setting { Name = $"r-{i}", Value = "done 0 0" });
            await db.SaveChangesAsync();
        });
    }

    private async Task One()
    {
        switch (random.Next(12))
        {
            case 0 or 1: await Wish($"r-{random.Next(Resources)}"); break;
            case 2 or 3 or 4: await Claim(Nodes[random.Next(Nodes.Length)]); break;
            case 5 or 6 or 7 or 8 when underWay.Count > 0: await Resume(random.Next(underWay.Count)); break;
            case 9:
                // Seconds mostly; now and then beyond any lease, or back as a clock does that was set.
                var by = random.Next(4) switch { 0 => 40, 1 => -20, _ => random.Next(1, 12) };
                Say($"the wall clock moves by {by} s");
                wall.Move(TimeSpan.FromSeconds(by));
                break;
            case 10:
                Say("the domain clock is moved a day");
                clock.Adopt(clock.Offset + TimeSpan.FromDays(1));
                break;
            case 11: await Die(Nodes[random.Next(Nodes.Length)]); break;
        }
    }

    // As an operation does it: the state and the pointer in one commit.
    private async Task Wish(string resource)
    {
        // Some only want a look, as collection does.
        var isLook = random.Next(3) == 0;
        Say($"a call wishes for {(isLook ? "a look at " : "")}{resource}");
        await With(async db =>
        {
            var row = await db.Settings.SingleAsync(s => s.Name == resource);
            var (_, count, fence) = Parse(row.Value);
            if (!isLook) row.Value = Format("pending", count, fence);
            await Service.Work.Work.Want(db, WorkKind, resource, clock.GetUtcNow(), CancellationToken.None);
            await db.SaveChangesAsync();
        });
    }

    private async Task Claim(string node)
    {
        var claimed = new List<Service.Work.Work>();
        await With(async db => claimed = await ClaimSql.Claim(
            db, node, clock.GetUtcNow(), wall.GetUtcNow(), Service.Work.Worker.Lease, limit: 2,
            CancellationToken.None));
        foreach (var work in claimed)
        {
            Say($"{node} claims {work.ResourceId} with fence {work.Fence}");
            var step = new StoppedStep(node, work, random.Next(5) == 0, random.Next(3) == 0);
            var worker = Worker(node, step);
            step.Running = worker.RunStep(work, step.Lost.Token);
            await step.HasStopped(step.Running);
            underWay.Add(step);
        }
    }

    private async Task Resume(int which)
    {
        var step = underWay[which];
        underWay.RemoveAt(which);
        var renewed = true;

        // Some renew before they go on, and hear that they have lost it; a paused process does not come to that.
        if (random.Next(2) == 0)
        {
            await With(async db => renewed = await ClaimSql.Renew(
                db, step.Work, wall.GetUtcNow() + Service.Work.Worker.Lease, CancellationToken.None));
            if (!renewed) await step.Lost.CancelAsync();
        }

        Say($"{step.Node} goes on with {step.Work.ResourceId} under fence {step.Work.Fence}"
            + (renewed ? "" : ", and knows that it lost it"));
        step.GoOn();
        await step.Running;
    }

    // Its steps are never heard of again; a new process of the same node begins.
    private async Task Die(string node)
    {
        Say($"{node} dies and starts again");
        underWay.RemoveAll(s => s.Node == node);
        using var worker = Worker(node);
        await worker.ReleaseOwn(CancellationToken.None);
    }

    private async Task Hold()
    {
        await With(async db =>
        {
            var work = await db.Work.AsNoTracking().ToDictionaryAsync(w => w.ResourceId);
            foreach (var row in await db.Settings.AsNoTracking().ToListAsync())
            {
                var (state, count, fence) = Parse(row.Value);
                Check.Hold(
                    state == "done" || work.ContainsKey(row.Name), $"{row.Name} is pending and no work row says so");
                var before = seen.GetValueOrDefault(row.Name);
                var last = before.Fence;
                if (count != before.Count)
                {
                    Check.Hold(count == before.Count + 1, $"{row.Name} went from {before.Count} to {count}");
                    Check.Hold(fence > last, $"{row.Name}: fence {fence} wrote after {last}");
                    last = fence;
                }

                // A work row that has ended begins its fences anew.
                seen[row.Name] = (count, work.ContainsKey(row.Name) ? last : 0);
            }
        });
    }

    // With nodes that live and a clock that goes on, everything comes to its end.
    private async Task Settle()
    {
        for (var round = 0; round < 40; round++)
        {
            wall.Move(Service.Work.Worker.Lease + Backoff.Longest);
            await Claim(Nodes[round % 2]);
            while (underWay.Count > 0)
            {
                underWay[0].Fails = false;
                await Resume(0);
                await Hold();
            }
        }

        await With(async db =>
        {
            Check.Hold(!await db.Work.AnyAsync(), "a work row is left that nobody can end");
            foreach (var row in await db.Settings.ToListAsync())
                Check.Hold(Parse(row.Value).State == "done", $"{row.Name} is {row.Value} for ever");
        });
    }

    private Worker Worker(string node, params IReconciler[] reconcilers) => new(
        services.GetRequiredService<IServiceScopeFactory>(), reconcilers, clock, new WorkSignal(),
        new NodeIdentity(node), services.GetRequiredService<ServiceMetrics>(), NullLogger<Worker>.Instance);

    private async Task With(Func<Db, Task> body)
    {
        await using var scope = services.CreateAsyncScope();
        await body(scope.ServiceProvider.GetRequiredService<Db>());
    }

    private void Say(string what) => trace.Add(what);

    internal static (string State, int Count, long Fence) Parse(string value)
    {
        var words = value.Split(' ');
        return (words[0], int.Parse(words[1], CultureInfo.InvariantCulture),
            long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    internal static string Format(string state, int count, long fence) =>
        string.Create(CultureInfo.InvariantCulture, $"{state} {count} {fence}");
}
