using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Sets the account's default EBS key in the Region. EC2 API Reference "ModifyEbsDefaultKmsKeyId".</summary>
[Operation("ec2:ModifyEbsDefaultKmsKeyId")]
public sealed class ModifyEbsDefaultKmsKeyId(Db db, KeyUse keys)
    : IOperation<ModifyEbsDefaultKmsKeyId.Request, ModifyEbsDefaultKmsKeyId.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The key: id, alias or ARN, of this Region.</summary>
        [MaxLength(2048)]
        public required string KmsKeyId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The setting now.</summary>
    public sealed record Response
    {
        /// <summary>The key's ARN, or the alias <c>alias/aws/ebs</c>.</summary>
        public required string KmsKeyId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var key = await keys.Find(call.AccountId, call.Region, request.KmsKeyId, cancel)
            ?? throw Ec2Error.InvalidKmsKey(
                request.KmsKeyId, $"{call.Region} has no such key. Name one of this Region.");
        if (await keys.MayUse(call.Caller, key, "kms:DescribeKey") is { } refusal)
            throw Ec2Error.InvalidKmsKey(request.KmsKeyId, refusal.Message);
        if (key.State != KeyState.Enabled)
            throw Ec2Error.KmsKeyUnusable(key.Arn, $"its state is {key.State}.");
        (await RegionSettings.Of(db, call, cancel)).DefaultKmsKeyId = key.Arn;
        await db.SaveChangesAsync(cancel);
        return new Response { KmsKeyId = key.Arn };
    }
}
