using System.ComponentModel.DataAnnotations;
using Kiln.Blocks;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ebs;

/// <summary>Starts a snapshot that the caller will write block by block, from nothing or over one of its own.</summary>
[Operation("ebs:StartSnapshot")]
[Rest("POST", "/snapshots", 201)]
public sealed class StartSnapshot(
    Db db, DirectKeys keys, NodeIdentity node, ServiceOptions options, TimeProvider clock)
    : IOperation<StartSnapshot.Request, StartSnapshot.Response>
{
    /// <summary>The largest volume: 64 TiB, the largest that EBS has.</summary>
    public const int VolumeSizeGiBMax = 65_536;

    /// <summary>The timeout unless asked otherwise: the API's 60 minutes.</summary>
    public const int TimeoutMinutesDefault = 60;

    /// <summary>Snapshots that an account may be writing in a Region at a time: each holds a journal and its
    /// pages.</summary>
    public const int PendingMax = 100;

    /// <summary>The API's request.</summary>
    public sealed record Request
    {
        /// <summary>In GiB.</summary>
        public required long VolumeSize { get; init; }

        /// <summary>The snapshot that unwritten blocks come from.</summary>
        [Length(1, 64)]
        public string? ParentSnapshotId { get; init; }

        /// <summary>Tags for the snapshot.</summary>
        public IReadOnlyList<Tag> Tags { get; init; } = [];

        /// <summary>Up to 255 characters.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>Makes a repeated call the same call.</summary>
        [MaxLength(255)]
        public string? ClientToken { get; init; }

        /// <summary>Whether to encrypt; not with a parent.</summary>
        public bool? Encrypted { get; init; }

        /// <summary>The key to encrypt under.</summary>
        [Length(1, 2048)]
        public string? KmsKeyArn { get; init; }

        /// <summary>Minutes without a write after which it fails.</summary>
        [Range(10, 4320)]
        public int? Timeout { get; init; }
    }

    /// <summary>The API's response.</summary>
    public sealed record Response
    {
        /// <summary>As in the request.</summary>
        public string? Description { get; init; }

        /// <summary>The new snapshot.</summary>
        public string? SnapshotId { get; init; }

        /// <summary>Its owner.</summary>
        public string? OwnerId { get; init; }

        /// <summary>pending.</summary>
        public SnapshotState? Status { get; init; }

        /// <summary>When it was started.</summary>
        public DateTimeOffset? StartTime { get; init; }

        /// <summary>In GiB.</summary>
        public long? VolumeSize { get; init; }

        /// <summary>In bytes.</summary>
        public int? BlockSize { get; init; }

        /// <summary>Its tags.</summary>
        public IReadOnlyList<Tag> Tags { get; init; } = [];

        /// <summary>As in the request.</summary>
        public string? ParentSnapshotId { get; init; }

        /// <summary>The key it is encrypted under.</summary>
        public string? KmsKeyArn { get; init; }

        /// <summary>How it is encrypted.</summary>
        public SseType? SseType { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.VolumeSize is < 1 or > VolumeSizeGiBMax)
            throw EbsError.InvalidVolumeSize(
                $"VolumeSize is between 1 and {VolumeSizeGiBMax} GiB, not {request.VolumeSize}.");
        var tags = CheckTags(request.Tags);
        var parent = request.ParentSnapshotId is { } id ? await Parent(id, request, call, cancel) : null;
        await Authorize(call, parent, tags);
        await CheckLimits(call, cancel);
        var key = await keys.ForNew(parent, request.Encrypted, request.KmsKeyArn, call, cancel);
        var snapshot = Make(request, call, parent, key);
        db.Add(snapshot);
        foreach (var tag in tags)
            db.Add(ResourceTag.Of(tag, "snapshot", snapshot.Id, call.AccountId, call.Region));
        db.Add(Work.Work.For(
            DirectSnapshotReconciler.WorkKind, snapshot.Id, snapshot.DirectDeadline!.Value, snapshot.NodeId));
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            Description = snapshot.Description.Length > 0 ? snapshot.Description : null,
            SnapshotId = snapshot.Id,
            OwnerId = snapshot.AccountId,
            Status = SnapshotState.Pending,
            StartTime = snapshot.StartTime,
            VolumeSize = snapshot.VolumeSizeGiB,
            BlockSize = Block.Size,
            Tags = tags,
            ParentSnapshotId = snapshot.ParentSnapshotId,
            KmsKeyArn = snapshot.KmsKeyId,
            SseType = snapshot.Encrypted ? Ebs.SseType.SseKms : Ebs.SseType.None,
        };
    }

    private Snapshot Make(Request request, Call call, Snapshot? parent, EbsKey key)
    {
        var now = clock.GetUtcNow();
        var timeout = request.Timeout ?? TimeoutMinutesDefault;
        var id = Ids.New("snap");
        return new Snapshot
        {
            Id = id,
            Region = call.Region,
            AccountId = call.AccountId,
            NodeId = node.Id,
            VolumeSizeGiB = (int)request.VolumeSize,
            StartTime = now,
            Description = request.Description ?? "",
            Encrypted = key.Encrypted,
            KmsKeyId = key.KmsKeyArn,
            DataKeyId = key.DataKeyId,
            Origin = SnapshotOrigin.Direct,
            ParentSnapshotId = parent?.Id,
            ParentManifestId = parent?.ManifestId,
            DirectTimeoutMinutes = timeout,
            DirectDeadline = now.AddMinutes(timeout),
            LineageId = parent?.LineageId ?? id,
            Platform = parent?.Platform,
            ProductCodes = parent?.ProductCodes ?? [],
        };
    }

    private async Task<Snapshot> Parent(string id, Request request, Call call, CancellationToken cancel)
    {
        DirectNames.CheckSnapshotId(id);
        var parent = await db.Snapshots.AsNoTracking()
            .SingleOrDefaultAsync(s => s.Id == id && s.Region == call.Region && !s.DeleteRequested, cancel)
            ?? throw EbsError.SnapshotNotFound(id);
        if (parent.AccountId != call.AccountId)
            throw EbsError.Unauthorized(id);
        if (parent.State != SnapshotState.Completed)
            throw EbsError.InvalidSnapshotId($"The parent {id} is not completed.");
        if (parent.NodeId != node.Id)
        {
            throw EbsError.InvalidDependency(
                $"The blocks of {id} are on the disks of {parent.NodeId}. Send the request to that node.");
        }
        return request.VolumeSize >= parent.VolumeSizeGiB ? parent
            : throw EbsError.InvalidVolumeSize(
                $"VolumeSize is at least that of the parent, {parent.VolumeSizeGiB} GiB.");
    }

    private static async Task Authorize(Call call, Snapshot? parent, IReadOnlyList<Tag> tags)
    {
        var any = Arn.AnySnapshot(call);
        if (tags.Count > 0)
            Tagging.Tell(call.WillTag(any), tags);
        await call.Authorize(parent is null ? [any] : [any, Arn.Snapshot(call.Region, parent.Id)]);
    }

    private async Task CheckLimits(Call call, CancellationToken cancel)
    {
        var own = db.Snapshots.Where(s => s.Region == call.Region && s.AccountId == call.AccountId);
        await db.Limit($"direct snapshots/{call.AccountId}/{call.Region}",
            own.Where(s => s.Origin == SnapshotOrigin.Direct && s.State == SnapshotState.Pending), PendingMax, more: 1,
            () => EbsError.ConcurrentLimitExceeded(PendingMax), cancel);
        await NewSnapshots.Limit(db, options, 1, call, () => EbsError.QuotaExceeded(
            $"The account has {options.SnapshotsPerRegion} snapshots in {call.Region} already."), cancel);
    }

    private static IReadOnlyList<Tag> CheckTags(IReadOnlyList<Tag> tags)
    {
        try
        {
            return Tagging.Check(tags);
        }
        catch (AwsException refusal)
        {
            throw EbsError.InvalidTag(refusal.Message);
        }
    }
}
