using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.ManagedPolicies;

/// <summary>Shows a managed policy. IAM API Reference "GetPolicy".</summary>
[Operation("iam:GetPolicy")]
public sealed class GetPolicy(Db db, Entities entities) : IOperation<GetPolicy.Request, GetPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(20, 2048)] public required string PolicyArn { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public PolicyRecord? Policy { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await call.Authorize(policy.Arn);
        var attachments = await db.AttachedPolicies.CountAsync(
            a => a.AccountId == call.AccountId && a.PolicyArn == policy.Arn, cancel);
        return new Response { Policy = PolicyRecord.Of(policy, attachments) };
    }
}
