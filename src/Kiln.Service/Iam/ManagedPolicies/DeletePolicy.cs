using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.ManagedPolicies;

/// <summary>Deletes a managed policy that is attached to nothing. IAM API Reference "DeletePolicy".</summary>
[Operation("iam:DeletePolicy")]
public sealed class DeletePolicy(Db db, Entities entities) : IOperation<DeletePolicy.Request, DeletePolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(20, 2048)] public required string PolicyArn { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await call.Authorize(policy.Arn);
        if (policy.AccountId != call.AccountId)
            throw call.Denied(call.Action, policy.Arn);
        if (await db.AttachedPolicies.AnyAsync(a => a.PolicyArn == policy.Arn, cancel))
        {
            throw new AwsException("DeleteConflict", 409,
                "Cannot delete a policy attached to entities.");
        }
        db.Remove(policy);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
