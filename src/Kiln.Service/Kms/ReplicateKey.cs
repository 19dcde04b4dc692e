using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Makes a replica of a multi-Region key in another Region. KMS API Reference "ReplicateKey".</summary>
[Operation("kms:ReplicateKey")]
public sealed class ReplicateKey(Db db, KeyUse keys, ServiceOptions options, TimeProvider clock)
    : IOperation<ReplicateKey.Request, ReplicateKey.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 32), RegularExpression(@"([a-z]+-){2,3}\d+")] public required string ReplicaRegion { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public string? Policy { get; init; }

        public bool? BypassPolicyLockoutSafetyCheck { get; init; }

        [MaxLength(8192)] public string? Description { get; init; }

        [MaxLength(200)] public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public KeyMetadata? ReplicaKeyMetadata { get; init; }

        public string? ReplicaPolicy { get; init; }

        public IReadOnlyList<Tag> ReplicaTags { get; init; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var primary = await keys.Own(call, request.KeyId, cancel);
        if (!primary.IsPrimary)
        {
            throw KmsError.Of("UnsupportedOperationException",
                $"{primary.Arn} is not a multi-Region primary key.");
        }
        primary.EnsureUsable();
        if (!options.RegionList.Contains(request.ReplicaRegion) || request.ReplicaRegion == call.Region)
        {
            throw KmsError.Of("ValidationException",
                $"The replica Region {request.ReplicaRegion} is not another enabled Region. Enabled: " +
                $"{options.Regions}.");
        }
        var tags = Tag.Add(new Dictionary<string, string>(), request.Tags);
        var arn = Arn.Key(request.ReplicaRegion, primary.AccountId, primary.KeyId);
        if (!await call.MayAsync("kms:CreateKey", arn))
            throw call.Denied("kms:CreateKey", arn);
        if (await db.Keys.FindAsync([arn], cancel) is not null)
            throw KmsError.Of("AlreadyExistsException", $"{arn} already exists.");
        if (request.Policy is { } policy)
            await keys.CheckPolicy(call, arn, policy, request.BypassPolicyLockoutSafetyCheck ?? false, cancel);
        var replica = new Key
        {
            Arn = arn,
            KeyId = primary.KeyId,
            Region = request.ReplicaRegion,
            AccountId = primary.AccountId,
            Policy = request.Policy ?? Key.DefaultPolicy(primary.AccountId),
            Description = request.Description ?? "",
            PrimaryRegion = primary.Region,
            SealedMaterial = primary.SealedMaterial,
            CreationDate = clock.GetUtcNow(),
            Tags = tags,
        };
        db.Add(replica);
        // A primary that was scheduled for deletion meanwhile changed its row, so that one of the two runs again.
        primary.Replicas++;
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            ReplicaKeyMetadata = KeyMetadata.Of(replica, await keys.Family(primary, cancel)),
            ReplicaPolicy = replica.Policy,
            ReplicaTags = request.Tags,
        };
    }
}
