using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Cuts all volumes of an instance at one instant. EC2 API Reference "CreateSnapshots".</summary>
/// <remarks>Crash-consistent over the set: what was written to one volume before another is never the other way round.
/// If one cannot be stored, all of the set fail.</remarks>
[Operation("ec2:CreateSnapshots")]
public sealed class CreateSnapshots(Db db, NewSnapshots snapshots, IGuest guests)
    : IOperation<CreateSnapshots.Request, CreateSnapshots.Response>
{
    /// <summary>The instance and its volumes.</summary>
    [Unsupported("Outposts only", "OutpostArn")]
    public sealed record Request
    {
        /// <summary>Up to 255 characters, for each of them.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>Which volumes.</summary>
        public required InstanceSpecification InstanceSpecification { get; init; }

        /// <summary>Tags for each of them.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary><c>volume</c> gives each snapshot the tags of its volume.</summary>
        public string? CopyTagsFromSource { get; init; }

        /// <summary><c>regional</c>, the only place there is.</summary>
        public string? Location { get; init; }
    }

    /// <summary>The set.</summary>
    public sealed record Response
    {
        /// <summary>The snapshots.</summary>
        [Wire("snapshotSet")]
        public required IReadOnlyList<SnapshotInfo> Snapshots { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        CreateSnapshot.CheckLocation(request.Location);
        if (request.CopyTagsFromSource is not (null or "volume"))
        {
            throw Ec2Error.InvalidParameterValue(
                request.CopyTagsFromSource[..Math.Min(64, request.CopyTagsFromSource.Length)],
                "copyTagsFromSource", "Use volume.");
        }
        var tags = Tagging.Read(call, request.TagSpecifications, "snapshot");
        var instance = await InstanceOf(request.InstanceSpecification.InstanceId, call, cancel);
        string[] always = [InstanceAccess.ArnOf(call, instance.Id), Arn.AnySnapshot(call)];
        await call.Require(always);
        var volumes = await VolumesOf(instance, request.InstanceSpecification, cancel);
        if (request.CopyTagsFromSource is not null)
            call.WillTag(Arn.AnySnapshot(call));
        await call.Authorize([.. always, .. volumes.Select(v => VolumeAccess.ArnOf(call, v.Id))]);
        if (instance.State is InstanceState.Terminated or InstanceState.ShuttingDown or InstanceState.Pending)
        {
            throw Ec2Error.IncorrectState(
                $"Instance '{instance.Id}' is not in a state from which it can be snapshotted.");
        }
        if (volumes.Count == 0)
            throw Ec2Error.InvalidRequest($"Instance '{instance.Id}' has no volumes left to snapshot.");

        var (rows, cuts) = await snapshots.CutAtRest(
            [.. volumes.Select(v => new NewSnapshots.Wish(v, request.Description ?? ""))],
            Ids.New("set"), instance, guests, call, cancel);
        using (cuts)
        {
            var given = await AddTags(rows, tags, request.CopyTagsFromSource == "volume", call, cancel);
            await db.SaveChangesAsync(cancel);
            cuts.Keep();
            return new Response { Snapshots = [.. rows.Select(r => SnapshotInfo.Of(r, given[r.Id]))] };
        }
    }

    private async Task<Instance> InstanceOf(string id, Call call, CancellationToken cancel)
    {
        if (!Ids.IsWellFormed("i", id))
            throw new AwsException("InvalidInstanceID.Malformed", 400, $"Invalid id: \"{id}\" (expecting \"i-...\")");
        return await db.Instances.SingleOrDefaultAsync(
            i => i.Id == id && i.Region == call.Region && i.AccountId == call.AccountId, cancel)
            ?? throw new AwsException("InvalidInstanceID.NotFound", 400, $"The instance ID '{id}' does not exist");
    }

    private async Task<List<Volume>> VolumesOf(
        Instance instance, InstanceSpecification which, CancellationToken cancel)
    {
        var attached = await db.Volumes.Include(v => v.Attachments)
            .Where(v => v.Attachments.Any(a => a.InstanceId == instance.Id)).OrderBy(v => v.Id).ToListAsync(cancel);
        bool IsRoot(Volume volume) => volume.Attachments.Any(
            a => a.InstanceId == instance.Id && a.Device == instance.RootDeviceName);
        foreach (var excluded in which.ExcludeDataVolumeIds)
        {
            VolumeAccess.CheckId(excluded);
            var volume = attached.Find(v => v.Id == excluded) ?? throw Ec2Error.InvalidVolumeNotFound(excluded);
            if (IsRoot(volume))
            {
                throw Ec2Error.InvalidParameterValue(
                    excluded, "ExcludeDataVolumeIds",
                    "It is the root volume. Use ExcludeBootVolume to leave that out.");
            }
        }
        attached.RemoveAll(v => which.ExcludeDataVolumeIds.Contains(v.Id));
        if (which.ExcludeBootVolume == true)
            attached.RemoveAll(IsRoot);
        return attached;
    }

    private async Task<Dictionary<string, IReadOnlyList<Tag>>> AddTags(
        IReadOnlyList<Snapshot> rows, NewTags tags, bool fromVolume, Call call, CancellationToken cancel)
    {
        var volumeTags = fromVolume
            ? await Tagging.Of(db, call.AccountId, [.. rows.Select(r => r.VolumeId)], cancel)
            : new Dictionary<string, IReadOnlyList<Tag>>();
        var given = new Dictionary<string, IReadOnlyList<Tag>>();
        foreach (var row in rows)
        {
            var own = tags.For("snapshot");
            // What the call names wins over what the volume has.
            given[row.Id] = [.. own, .. volumeTags.Of(row.VolumeId)
                .Where(t => !Tagging.IsReserved(t.Key!) && own.All(o => o.Key != t.Key))];
            if (given[row.Id].Count > ResourceTag.UserTagsMax)
                throw Ec2Error.TagLimitExceeded();
            foreach (var tag in given[row.Id])
                db.Add(ResourceTag.Of(tag, "snapshot", row.Id, call.AccountId, call.Region));
        }
        return given;
    }
}
