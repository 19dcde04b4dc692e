using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Deletes a parameter with all its versions. Systems Manager API Reference "DeleteParameter".</summary>
[Operation("ssm:DeleteParameter")]
public sealed class DeleteParameter(Db db) : IOperation<DeleteParameter.Request, DeleteParameter.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(Arn.Parameter(call.Region, call.AccountId, request.Name));
        var versions = await db.ParameterVersions.Where(p => p.AccountId == call.AccountId
            && p.Region == call.Region && p.Name == request.Name).ToListAsync(cancel);
        if (versions.Count == 0)
            throw SsmError.ParameterNotFound();
        db.RemoveRange(versions);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
