using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.ManagedPolicies;

/// <summary>Lists the versions of a managed policy, of which there is one. IAM API Reference
/// "ListPolicyVersions".</summary>
[Operation("iam:ListPolicyVersions")]
public sealed class ListPolicyVersions(Entities entities)
    : IOperation<ListPolicyVersions.Request, ListPolicyVersions.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(20, 2048)] public required string PolicyArn { get; init; }

        [Length(1, 2048), RegularExpression(@"[\u0020-\u00FF]+")] public string? Marker { get; init; }

        [Range(1, 1000)] public int? MaxItems { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<PolicyVersionRecord> Versions { get; init; } = [];

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await call.Authorize(policy.Arn);
        if (request.Marker is not null)
            throw IamError.Invalid("Invalid Marker.");
        return new Response
        {
            Versions =
            [
                new PolicyVersionRecord
                {
                    VersionId = PolicyRecord.OnlyVersion, IsDefaultVersion = true, CreateDate = policy.CreateDate,
                },
            ],
            IsTruncated = false,
        };
    }
}
