using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.ManagedPolicies;

/// <summary>Shows what a managed policy says. IAM API Reference "GetPolicyVersion".</summary>
[Operation("iam:GetPolicyVersion")]
public sealed class GetPolicyVersion(Entities entities)
    : IOperation<GetPolicyVersion.Request, GetPolicyVersion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(20, 2048)] public required string PolicyArn { get; init; }

        [RegularExpression(@"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")] public required string VersionId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public PolicyVersionRecord? PolicyVersion { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await call.Authorize(policy.Arn);
        if (request.VersionId != PolicyRecord.OnlyVersion)
        {
            throw IamError.NoSuchEntity(
                $"Policy {policy.Arn} version {request.VersionId} does not exist or is not attachable.");
        }
        return new Response
        {
            PolicyVersion = new PolicyVersionRecord
            {
                Document = Uri.EscapeDataString(policy.Document),
                VersionId = PolicyRecord.OnlyVersion,
                IsDefaultVersion = true,
                CreateDate = policy.CreateDate,
            },
        };
    }
}
