using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Instances.Guests;

/// <summary>A system that goes down between Kiln's question and its look leaves a machine that stands: off, and not
/// gone. Its instance is not done before the machine is.</summary>
public sealed class StandingMachineTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(InstanceState.Stopping, InstanceState.Stopped)]
    [InlineData(InstanceState.ShuttingDown, InstanceState.Terminated)]
    public async Task A_machine_that_went_down_just_after_it_was_asked_is_taken_away(
        InstanceState asked, InstanceState ended)
    {
        var (image, _) = await server.NewImage("standing-" + asked);
        var id = (await server.Ec2().Running(image)).InstanceId;
        // Without a work row: nobody but this test looks at it.
        await Change(id, instance => instance.Become(asked, server.Clock.GetUtcNow()));
        var machine = new StandingGuest();
        var reconciler = new InstanceReconciler(
            machine, server.Server.Services.GetRequiredService<BootRecorder>(), server.Clock);

        Assert.NotNull(await Step(reconciler, id));
        Assert.Equal((asked, true), (await State(id), machine.Stands));
        await Step(reconciler, id);
        Assert.Equal((ended, false), (await State(id), machine.Stands));
    }

    private Task<TimeSpan?> Step(InstanceReconciler reconciler, string id) => server.WithDb(async db =>
    {
        var result = await reconciler.Step(id, db, Cancel);
        await db.SaveChangesAsync(Cancel);
        return result.After;
    });

    private Task<InstanceState> State(string id) =>
        server.WithDb(db => db.Instances.Where(i => i.Id == id).Select(i => i.State).SingleAsync(Cancel));

    private Task<int> Change(string id, Action<Instance> change) => server.WithDb(async db =>
    {
        change(await db.Instances.SingleAsync(i => i.Id == id, Cancel));
        return await db.SaveChangesAsync(Cancel);
    });

    /// <summary>Shuts down the moment it is asked, and stands until it is asked once more.</summary>
    private sealed class StandingGuest : IGuest
    {
        private bool _isAsked;

        public bool Stands { get; private set; } = true;

        public Task<GuestLook> Look(Instance instance, CancellationToken cancel) => Task.FromResult(
            Stands && !_isAsked ? new GuestLook(GuestPower.On) : new GuestLook(GuestPower.Off, ShutDownItself: Stands));

        public Task Stop(Instance instance, bool force, CancellationToken cancel)
        {
            Stands &= !_isAsked;
            _isAsked = true;
            return Task.CompletedTask;
        }

        public Task Remove(Instance instance, CancellationToken cancel) => Stop(instance, force: false, cancel);

        public GuestHealth Health(Instance instance) => default;

        public Task Start(Instance instance, IReadOnlyList<GuestDevice> devices, CancellationToken cancel) => Never();

        public Task Reboot(Instance instance, CancellationToken cancel) => Never();

        public Task Forget(Instance instance, CancellationToken cancel) => Never();

        public Task Attach(Instance instance, GuestDevice device, CancellationToken cancel) => Never();

        public Task<bool> Detach(Instance instance, GuestDevice device, bool force, CancellationToken cancel) =>
            throw new NotSupportedException();

        public Task Resize(Instance instance, GuestDevice device, int sizeGiB, CancellationToken cancel) => Never();

        public Task<GuestFreeze?> Freeze(Instance instance, CancellationToken cancel) =>
            throw new NotSupportedException();

        public Task<GuestConsole?> Console(Instance instance, CancellationToken cancel) =>
            throw new NotSupportedException();

        public Task<byte[]?> Screenshot(Instance instance, CancellationToken cancel) =>
            throw new NotSupportedException();

        public Task Interrupt(Instance instance, CancellationToken cancel) => Never();

        private static Task Never() => throw new NotSupportedException();
    }
}
