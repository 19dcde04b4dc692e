using System.Text;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Brings commands into machines and their results back, on the node that runs the machine.</summary>
/// <remarks>
/// A step may be repeated after a crash at any point: the script itself runs once (see <see cref="ShellScript"/>), and
/// asking again finds it. An agent that is silent, frozen or restarting is waited for, until a limit of the command.
/// </remarks>
public sealed class InvocationReconciler(GuestAgents agents, NodeIdentity node, TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows, whose resource is COMMAND/INSTANCE.</summary>
    public const string WorkKind = "invocation";

    /// <summary>What the agent is given beyond a script's own limit before it is given up.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>Results are kept for thirty days, as AWS keeps them.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    private static readonly TimeSpan SoonMax = TimeSpan.FromSeconds(2), SoonMin = TimeSpan.FromMilliseconds(200);

    // What timeout leaves: 124 of coreutils, 128 and a signal of busybox.
    private static readonly int[] TimeoutCodes = [124, 143, 137];

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>The resource of an invocation's work row.</summary>
    public static string ResourceOf(Invocation invocation) => $"{invocation.CommandId}/{invocation.InstanceId}";

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var ids = resourceId.Split('/');
        var invocation = await db.Invocations.FindAsync([ids[0], ids[1]], cancel);
        if (invocation is null)
            return StepResult.Done;
        if (invocation.EndedAt is { } end)
            return await Forget(invocation, end, db, cancel);
        var command = await db.RunCommands.AsNoTracking().SingleAsync(c => c.Id == ids[0], cancel);
        var guests = new ManagedGuests(db, agents, node);
        var guest = await guests.Find(invocation.InstanceId, cancel);
        if (invocation.Status == CommandStatus.Pending)
            return await Deliver(command, invocation, guest, guests, db, cancel);
        return await Follow(command, invocation, guest, guests, cancel);
    }

    private async Task<StepResult> Deliver(
        RunCommand command, Invocation invocation, ManagedGuest? guest, ManagedGuests guests, Db db,
        CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (invocation.CancelledAt is not null)
            return End(invocation, CommandStatus.Cancelled, "Cancelled");
        if (guest is null or { IsGone: true })
            return End(invocation, CommandStatus.Failed, "Undeliverable");
        if (now >= command.DeliveredUntil)
            return End(invocation, CommandStatus.TimedOut, "DeliveryTimedOut");
        var others = await db.Invocations.AsNoTracking().Where(i => i.CommandId == command.Id).ToListAsync(cancel);
        var errors = others.Count(i => i.IsError);
        if (errors > 0 && errors > RunCommand.Limit(command.MaxErrors, others.Count, least: 0))
            return End(invocation, CommandStatus.Cancelled, "Terminated");
        // By their order, so that two that look at the same moment never both take the last place.
        var before = others.Count(i => !i.HasEnded && string.CompareOrdinal(i.InstanceId, invocation.InstanceId) < 0);
        if (before >= RunCommand.Limit(command.MaxConcurrency, others.Count, least: 1))
            return StepResult.Again(SoonMin);
        if (await guests.Answers(guest, cancel) != true)
            return StepResult.Again(SoonMax);
        invocation.Become(CommandStatus.InProgress, "InProgress", now);
        // The row first: what runs is then known to run, whatever comes between.
        return StepResult.Again(TimeSpan.Zero);
    }

    private async Task<StepResult> Follow(
        RunCommand command, Invocation invocation, ManagedGuest? guest, ManagedGuests guests, CancellationToken cancel)
    {
        var ran = clock.GetUtcNow() - invocation.StartedAt!.Value;
        var limit = TimeSpan.FromSeconds(ShellScript.Seconds(command.Parameters));
        if (guest is null or { IsGone: true })
            return End(invocation, CommandStatus.Failed, "Undeliverable");
        if (ran > limit + Grace)
            return End(invocation, CommandStatus.TimedOut, "ExecutionTimedOut");
        if (!guest.IsRunning)
            return StepResult.Again(SoonMax);
        try
        {
            var agent = guests.Agent(guest);
            if (invocation.CancelledAt is not null && invocation.Status == CommandStatus.InProgress)
            {
                await agent.Exec("/bin/sh", ShellScript.Kill(command), [], null, cancel);
                invocation.Become(CommandStatus.Cancelling, "Cancelling", clock.GetUtcNow());
                return StepResult.Again(SoonMin);
            }
            invocation.Pid ??= await agent.Exec(
                "/bin/sh", ShellScript.Run(command), [], ShellScript.Input(command), cancel);
            var status = await agent.ExecStatus(invocation.Pid.Value, cancel);
            if (status.Exited)
                return Take(invocation, status, ran >= limit);
        }
        catch (QmpException)
        {
            // Frozen, or restarted and without knowledge of the number: ask anew; the script is not run again.
            invocation.Pid = null;
            return StepResult.Again(SoonMax);
        }
        catch (IOException)
        {
            return StepResult.Again(SoonMax);
        }
        return StepResult.Again(ran < TimeSpan.FromSeconds(10) ? SoonMin : SoonMax);
    }

    private StepResult Take(Invocation invocation, GuestExecStatus status, bool late)
    {
        var code = status.ExitCode ?? 128 + (status.Signal ?? 0);
        invocation.Keep(code, Encoding.UTF8.GetString(status.Output), Encoding.UTF8.GetString(status.Error));
        return invocation.Status == CommandStatus.Cancelling && code != 0
            ? End(invocation, CommandStatus.Cancelled, "Cancelled")
            : late && TimeoutCodes.Contains(code) ? End(invocation, CommandStatus.TimedOut, "ExecutionTimedOut")
            : code == 0 ? End(invocation, CommandStatus.Success, "Success")
            : End(invocation, CommandStatus.Failed, "Failed");
    }

    private StepResult End(Invocation invocation, CommandStatus status, string details)
    {
        // From InProgress, a cancellation passes through its own state.
        if (status == CommandStatus.Cancelled && invocation.Status == CommandStatus.InProgress)
            invocation.Become(CommandStatus.Cancelling, "Cancelling", clock.GetUtcNow());
        invocation.Become(status, details, clock.GetUtcNow());
        return StepResult.Again(KeptFor);
    }

    /// <summary>Removes an invocation in time, and with the last one its command.</summary>
    private async Task<StepResult> Forget(
        Invocation invocation, DateTimeOffset end, Db db, CancellationToken cancel)
    {
        var left = end + KeptFor - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return StepResult.Again(left);
        db.Remove(invocation);
        if (!await db.Invocations.AnyAsync(i => i.CommandId == invocation.CommandId
                && i.InstanceId != invocation.InstanceId, cancel)
            && await db.RunCommands.FindAsync([invocation.CommandId], cancel) is { } command)
            db.Remove(command);
        return StepResult.Done;
    }
}
