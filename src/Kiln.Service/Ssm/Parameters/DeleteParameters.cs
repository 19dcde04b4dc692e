using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Deletes up to ten parameters. Systems Manager API Reference "DeleteParameters".</summary>
[Operation("ssm:DeleteParameters")]
public sealed class DeleteParameters(Db db) : IOperation<DeleteParameters.Request, DeleteParameters.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 10)] public required IReadOnlyList<string> Names { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<string> DeletedParameters { get; init; } = [];

        public IReadOnlyList<string> InvalidParameters { get; init; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize([.. request.Names.Select(n => Arn.Parameter(call.Region, call.AccountId, n))]);
        List<string> names = [.. request.Names.Distinct()];
        var versions = await db.ParameterVersions.Where(p => p.AccountId == call.AccountId
            && p.Region == call.Region && names.Contains(p.Name)).ToListAsync(cancel);
        db.RemoveRange(versions);
        await db.SaveChangesAsync(cancel);
        var deleted = versions.Select(v => v.Name).ToHashSet();
        return new Response
        {
            DeletedParameters = names.FindAll(deleted.Contains),
            InvalidParameters = names.FindAll(n => !deleted.Contains(n)),
        };
    }
}
