using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Tells the account's default EBS key in the Region. EC2 API Reference "GetEbsDefaultKmsKeyId".</summary>
[Operation("ec2:GetEbsDefaultKmsKeyId")]
public sealed class GetEbsDefaultKmsKeyId(Db db)
    : IOperation<GetEbsDefaultKmsKeyId.Request, GetEbsDefaultKmsKeyId.Response>
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
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        return new Response { KmsKeyId = settings?.DefaultKmsKeyId ?? Kms.Alias.EbsName };
    }
}
