using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Takes labels from a version of a parameter. Systems Manager API Reference
/// "UnlabelParameterVersion".</summary>
[Operation("ssm:UnlabelParameterVersion")]
public sealed class UnlabelParameterVersion(Db db)
    : IOperation<UnlabelParameterVersion.Request, UnlabelParameterVersion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }

        public required long ParameterVersion { get; init; }

        [Length(1, Parameters.ParameterVersion.LabelsMax)] public required IReadOnlyList<string> Labels { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<string> RemovedLabels { get; init; } = [];

        public IReadOnlyList<string> InvalidLabels { get; init; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(Arn.Parameter(call.Region, call.AccountId, request.Name));
        var versions = await LabelParameterVersion.Versions(db, request.Name, call, cancel);
        var chosen = LabelParameterVersion.Chosen(versions, request.Name, request.ParameterVersion);
        string[] removed = [.. chosen.Labels.Intersect(request.Labels)];
        chosen.Labels = [.. chosen.Labels.Except(removed)];
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            RemovedLabels = removed, InvalidLabels = [.. request.Labels.Distinct().Except(removed)],
        };
    }
}
