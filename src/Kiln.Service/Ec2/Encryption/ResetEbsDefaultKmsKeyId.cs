using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Makes <c>alias/aws/ebs</c> the account's default EBS key again. EC2 API Reference
/// "ResetEbsDefaultKmsKeyId".</summary>
[Operation("ec2:ResetEbsDefaultKmsKeyId")]
public sealed class ResetEbsDefaultKmsKeyId(Db db, EbsKeys keys)
    : IOperation<ResetEbsDefaultKmsKeyId.Request, ResetEbsDefaultKmsKeyId.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
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
        (await RegionSettings.Of(db, call, cancel)).DefaultKmsKeyId = null;
        var key = await keys.Default(call, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response { KmsKeyId = key!.Arn };
    }
}
