using System.Collections.Concurrent;
using Kiln.Service.Metrics;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kiln.Tests.Work;

public sealed class WorkerTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_that_lost_its_lease_cannot_commit()
    {
        await Add(Kiln.Service.Work.Work.For("fence", "r-1", At(0), "elsewhere"));
        await using var first = server.Server.Services.CreateAsyncScope();
        await using var second = server.Server.Services.CreateAsyncScope();
        var one = first.ServiceProvider.GetRequiredService<Db>();
        var two = second.ServiceProvider.GetRequiredService<Db>();
        var now = server.Clock.GetUtcNow();

        var old =
            Assert.Single(await ClaimSql.Claim(one, "elsewhere", now, At(0), TimeSpan.FromSeconds(30), 5, Cancel));
        Assert.Empty(await ClaimSql.Claim(two, "elsewhere", now, At(29), TimeSpan.FromSeconds(30), 5, Cancel));
        var taken =
            Assert.Single(await ClaimSql.Claim(two, "elsewhere", now, At(31), TimeSpan.FromSeconds(30), 5, Cancel));

        Assert.Equal(old.Fence + 1, taken.Fence);
        one.Remove(one.Attach(old).Entity);
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => one.SaveChangesAsync(Cancel));
        Assert.False(await ClaimSql.Renew(one, old, At(90), Cancel));
        Assert.True(await ClaimSql.Renew(two, taken, At(90), Cancel));
    }

    [Fact]
    public async Task Rows_of_another_node_are_left_alone()
    {
        await Add(Kiln.Service.Work.Work.For("affinity", "r-1", At(0), "node-b"));
        var claimed = await server.WithDb(db => ClaimSql.Claim(
            db, "node-a", server.Clock.GetUtcNow(), At(0), TimeSpan.FromSeconds(30), 5, Cancel));
        Assert.DoesNotContain(claimed, w => w.Kind == "affinity");
    }

    [Fact]
    public async Task Two_nodes_share_the_rows_and_every_row_is_done()
    {
        const int Rows = 60;
        var done = new ConcurrentDictionary<string, int>();
        var reconciler = new Probe("shared", (id, _) =>
        {
            done.AddOrUpdate(id, 1, (_, n) => n + 1);
            return StepResult.Done;
        });
        using var first = Worker("node-1", reconciler);
        using var second = Worker("node-2", reconciler);
        await Add([.. Enumerable.Range(0, Rows)
            .Select(n => Kiln.Service.Work.Work.For("shared", $"r-{n}", At(0), n % 2 == 0 ? "node-1" : "node-2"))]);
        await first.StartAsync(Cancel);
        await second.StartAsync(Cancel);

        await TestServer.Eventually(() =>
            server.WithDb(db => db.Work.CountAsync(w => w.Kind == "shared", Cancel)), left => left == 0);

        Assert.Equal(Rows, done.Count);
        Assert.All(done.Values, times => Assert.Equal(1, times));
        await first.StopAsync(Cancel);
        await second.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_row_that_is_due_in_a_moment_is_taken_then_and_not_at_the_next_poll()
    {
        var done = new TaskCompletionSource();
        var reconciler = new Probe("soon", (_, _) =>
        {
            done.SetResult();
            return StepResult.Done;
        });
        var clock = new ManualClock();
        var due = clock.GetUtcNow() + TimeSpan.FromMilliseconds(20);
        using var worker = Worker("node-s", reconciler, new DomainClock(clock));
        await Add(Kiln.Service.Work.Work.For("soon", "r-1", due, "node-s"));
        await worker.StartAsync(Cancel);
        await TestServer.Eventually(() => Task.FromResult(clock.Next), next => next == due);
        Assert.False(done.Task.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(20));
        await done.Task.WaitAsync(Cancel);
        await worker.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_wish_during_a_step_is_not_lost()
    {
        var inside = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var steps = 0;
        var reconciler = new Probe("wish", async (_, _) =>
        {
            if (Interlocked.Increment(ref steps) == 1)
            {
                inside.SetResult();
                await goOn.Task;
            }
            return StepResult.Done;
        });
        using var worker = Worker("node-w", reconciler);
        await Add(Kiln.Service.Work.Work.For("wish", "r-1", At(0), "node-w"));
        await worker.StartAsync(Cancel);
        await inside.Task;
        await server.WithDb(async db =>
        {
            await Kiln.Service.Work.Work.Want(db, "wish", "r-1", server.Clock.GetUtcNow(), Cancel, "node-w");
            return await db.SaveChangesAsync(Cancel);
        });
        goOn.SetResult();

        await TestServer.Eventually(() =>
            server.WithDb(db => db.Work.CountAsync(w => w.Kind == "wish", Cancel)), left => left == 0);

        Assert.Equal(2, steps);
        await worker.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_step_that_throws_is_kept_with_its_reason_and_tried_again()
    {
        var steps = 0;
        var reconciler = new Probe("throws", (_, _) =>
            Interlocked.Increment(ref steps) == 1 ? throw new IOException("the disk said no") : StepResult.Done);
        using var worker = Worker("node-t", reconciler);
        await Add(Kiln.Service.Work.Work.For("throws", "r-1", At(0), "node-t"));
        await worker.StartAsync(Cancel);

        var row = await TestServer.Eventually(
            () => server.WithDb(db => db.Work.AsNoTracking().SingleOrDefaultAsync(w => w.Kind == "throws", Cancel)),
            w => w is null or { Attempts: 1, LeaseOwner: null });
        if (row is not null)
            Assert.Equal("the disk said no", row.LastError);

        await TestServer.Eventually(() =>
            server.WithDb(db => db.Work.CountAsync(w => w.Kind == "throws", Cancel)), left => left == 0);
        Assert.Equal(2, steps);
        await worker.StopAsync(Cancel);
    }

    [Fact]
    public async Task However_often_a_row_is_wished_for_it_is_let_go_after_a_step()
    {
        var wishes = new CancellationTokenSource();
        var steps = 0;
        using var worker = Worker("wished", new Probe("wished", (_, _) =>
        {
            steps++;
            return StepResult.Again(TimeSpan.Zero);
        }));
        await Add(Kiln.Service.Work.Work.For("wished", "r-1", At(0), "wished"));
        // Every commit of a step meets one of these.
        var wishing = Task.Run(async () =>
        {
            while (!wishes.IsCancellationRequested)
            {
                await server.WithDb(db => db.InTransaction(() => db.Work.Where(w => w.Kind == "wished")
                    .ExecuteUpdateAsync(set => set.SetProperty(w => w.Wish, w => w.Wish + 1)), Cancel, wake: false));
            }
        }, Cancel);
        for (var round = 0; round < 40; round++)
        {
            // PostgreSQL passes over a row that somebody is changing this moment.
            var rows = await TestServer.Eventually(
                () => server.WithDb(db => db.InTransaction(() => ClaimSql.Claim(
                    db, "wished", server.Clock.GetUtcNow(), At(round), TimeSpan.FromDays(1), 5, Cancel), Cancel)),
                claimed => claimed.Exists(w => w.Kind == "wished"));
            await worker.RunStep(rows.Single(w => w.Kind == "wished"), Cancel);
        }
        await wishes.CancelAsync();
        await wishing;
        Assert.Equal(40, steps);
    }

    [Fact]
    public void The_domain_clock_never_goes_back()
    {
        var clock = new DomainClock(TimeProvider.System);
        clock.Adopt(TimeSpan.FromHours(2));
        clock.Adopt(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromHours(2), clock.Offset);
    }

    private static DateTimeOffset At(int seconds) =>
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(seconds);

    private Task<int> Add(params Kiln.Service.Work.Work[] rows) => server.WithDb(db =>
    {
        db.AddRange(rows);
        return db.SaveChangesAsync(Cancel);
    });

    private Worker Worker(string node, IReconciler reconciler, DomainClock? clock = null) => new(
        server.Server.Services.GetRequiredService<IServiceScopeFactory>(), [reconciler], clock ?? server.Clock,
        server.Server.Services.GetRequiredService<WorkSignal>(), new NodeIdentity(node),
        server.Server.Services.GetRequiredService<ServiceMetrics>(), NullLogger<Worker>.Instance);

    private sealed class Probe(string kind, Func<string, Db, Task<StepResult>> step) : IReconciler
    {
        public Probe(string kind, Func<string, Db, StepResult> step)
            : this(kind, (id, db) => Task.Run(() => step(id, db)))
        {
        }

        public string Kind => kind;

        public Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel) => step(resourceId, db);
    }
}
