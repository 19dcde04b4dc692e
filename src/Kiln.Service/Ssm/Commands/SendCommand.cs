using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;
using Kiln.Service.Ssm.Documents;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Runs a shell script inside instances, through their agents. Systems Manager API Reference
/// "SendCommand".</summary>
/// <remarks>
/// An instance is one of Systems Manager's while QEMU's guest agent answers inside it; there is no AWS agent to
/// register. Answers while the command is pending; <see cref="InvocationReconciler"/> takes it from there.
/// </remarks>
[Operation("ssm:SendCommand")]
public sealed partial class SendCommand(Db db, ManagedGuests guests, TimeProvider clock)
    : IOperation<SendCommand.Request, SendCommand.Response>
{
    /// <summary>Instances that a call may name.</summary>
    internal const int NamedMax = 50;

    private const int TargetsMax = 5;

    /// <summary>The parameters.</summary>
    [Unsupported("documents are Kiln's own and cannot differ", "DocumentHash", "DocumentHashType")]
    [Unsupported("Kiln has no S3: read the output with GetCommandInvocation",
        "OutputS3BucketName", "OutputS3KeyPrefix", "OutputS3Region")]
    [Unsupported("Kiln sends no notifications", "NotificationConfig", "ServiceRoleArn")]
    [Unsupported("Kiln has no CloudWatch", "CloudWatchOutputConfig", "AlarmConfiguration")]
    public sealed record Request
    {
        [MaxLength(NamedMax)] public IReadOnlyList<string> InstanceIds { get; init; } = [];

        [MaxLength(TargetsMax)] public IReadOnlyList<Target> Targets { get; init; } = [];

        public required string DocumentName { get; init; }

        [RegularExpression(@"(\$LATEST|\$DEFAULT|[1-9][0-9]*)")] public string? DocumentVersion { get; init; }

        [Range(30, 2_592_000)] public int? TimeoutSeconds { get; init; }

        [MaxLength(100)] public string? Comment { get; init; }

        public IReadOnlyDictionary<string, IReadOnlyList<string>>? Parameters { get; init; }

        [Length(1, 7)] public string? MaxConcurrency { get; init; }

        [Length(1, 7)] public string? MaxErrors { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response(CommandItem? Command);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        RunShellScript.Check(request.DocumentName, request.DocumentVersion);
        CheckLimits(request);
        var parameters = request.Parameters ?? new Dictionary<string, IReadOnlyList<string>>();
        ShellScript.Check(parameters);
        var found = await Find(request, call, cancel);
        await call.Authorize([Arn.SsmDocument(call.Region, request.DocumentName),
            .. found.Select(g => Arn.Ec2(call.Region, call.AccountId, "instance", g.InstanceId))]);
        var reached = await Reached(found, request.InstanceIds.Count > 0, cancel);

        var now = clock.GetUtcNow();
        var id = Ids.Uuid();
        var command = new RunCommand
        {
            Id = id,
            AccountId = call.AccountId,
            Region = call.Region,
            Order = RunCommand.NewestFirst(now, id),
            DocumentName = request.DocumentName,
            DocumentVersion = request.DocumentVersion ?? "$DEFAULT",
            Comment = request.Comment ?? "",
            Parameters = parameters,
            InstanceIds = request.InstanceIds,
            Targets = request.Targets,
            RequestedAt = now,
            TimeoutSeconds = request.TimeoutSeconds ?? 3600,
            MaxConcurrency = request.MaxConcurrency ?? "50",
            MaxErrors = request.MaxErrors ?? "0",
        };
        db.Add(command);
        var invocations = new List<Invocation>();
        foreach (var guest in reached)
        {
            var invocation = new Invocation
            {
                CommandId = id,
                InstanceId = guest.InstanceId,
                AccountId = call.AccountId,
                Region = call.Region,
                Order = $"{command.Order}/{guest.InstanceId}",
                InstanceName = guest.Name,
            };
            invocations.Add(invocation);
            db.Add(invocation);
            db.Add(Work.Work.For(
                InvocationReconciler.WorkKind, InvocationReconciler.ResourceOf(invocation), now, guest.NodeId));
        }
        await db.SaveChangesAsync(cancel);
        return new Response(CommandItem.Of(command, invocations));
    }

    private static void CheckLimits(Request request)
    {
        if (request.InstanceIds.Count > 0 == request.Targets.Count > 0)
            throw SsmError.Validation("Give either InstanceIds or Targets, and at least one.");
        if ((request.MaxConcurrency is { } most && !Share().IsMatch(most))
            || (request.MaxErrors is { } errors && errors is not ("0" or "0%") && !Share().IsMatch(errors)))
            throw SsmError.Validation("MaxConcurrency and MaxErrors are numbers such as 10, or shares such as 10%.");
    }

    /// <summary>Refuses a list that names an instance twice.</summary>
    internal static void CheckTwice(IReadOnlyList<string> ids)
    {
        if (ids.CountBy(id => id).FirstOrDefault(pair => pair.Value > 1) is { Key: { } twice })
            throw SsmError.DuplicateInstanceId(twice);
    }

    private async Task<List<ManagedGuest>> Find(Request request, Call call, CancellationToken cancel)
    {
        if (request.InstanceIds.Count > 0)
        {
            CheckTwice(request.InstanceIds);
            var named = await guests.Named(call.AccountId, call.Region, request.InstanceIds, cancel);
            return request.InstanceIds.FirstOrDefault(id => !named.Exists(g => g.InstanceId == id)) is { } absent
                ? throw SsmError.InvalidInstanceId(absent, call.AccountId) : named;
        }
        List<ManagedGuest>? all = null;
        foreach (var target in request.Targets)
        {
            var some = target switch
            {
                { Key: "InstanceIds" } => await guests.Named(call.AccountId, call.Region, target.Values, cancel),
                { Key: { } key } when key.StartsWith("tag:", StringComparison.Ordinal) =>
                    await guests.Tagged(call.AccountId, call.Region, key[4..], target.Values, cancel),
                { Key: "tag-key" } => await guests.Tagged(call.AccountId, call.Region, target.Values, cancel),
                _ => throw SsmError.Of("InvalidTarget", "A target's key is InstanceIds, tag-key or tag:KEY."),
            };
            all = all is null ? some : [.. all.IntersectBy(some.Select(g => g.InstanceId), g => g.InstanceId)];
        }
        return all ?? [];
    }

    // A named instance whose agent does not answer is refused, as AWS refuses one that is not registered; among
    // targets it is passed over.
    private async Task<List<ManagedGuest>> Reached(
        List<ManagedGuest> found, bool named, CancellationToken cancel)
    {
        var answers = await Task.WhenAll(found.Select(g => guests.Answers(g, cancel)));
        var reached = new List<ManagedGuest>();
        foreach (var (guest, answer) in found.Zip(answers))
        {
            if (answer ?? guest.IsRunning)
                reached.Add(guest);
            else if (named)
                throw SsmError.InvalidInstanceId(guest.InstanceId, guest.AccountId);
        }
        return reached;
    }

    [GeneratedRegex(@"\A([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)\z")]
    private static partial Regex Share();
}
