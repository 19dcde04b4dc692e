using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Puts labels at a version of a parameter, and takes them from where they were. Systems Manager API Reference
/// "LabelParameterVersion".</summary>
[Operation("ssm:LabelParameterVersion")]
public sealed partial class LabelParameterVersion(Db db)
    : IOperation<LabelParameterVersion.Request, LabelParameterVersion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }

        public long? ParameterVersion { get; init; }

        [Length(1, Parameters.ParameterVersion.LabelsMax)] public required IReadOnlyList<string> Labels { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<string> InvalidLabels { get; init; } = [];

        public long? ParameterVersion { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(Arn.Parameter(call.Region, call.AccountId, request.Name));
        var versions = await Versions(db, request.Name, call, cancel);
        var chosen = Chosen(versions, request.Name, request.ParameterVersion);
        // A label that cannot be one is told, and the others are put all the same.
        string[] valid = [.. request.Labels.Distinct().Where(l => Legal().IsMatch(l))];
        string[] labels = [.. chosen.Labels.Union(valid)];
        if (labels.Length > Parameters.ParameterVersion.LabelsMax)
        {
            throw SsmError.Of("ParameterVersionLabelLimitExceeded", "An error occurred (Parameter version label limit "
                + $"exceeded): a version may have {Parameters.ParameterVersion.LabelsMax} labels.");
        }
        foreach (var other in versions.Where(v => v != chosen && v.Labels.Any(valid.Contains)))
            other.Labels = [.. other.Labels.Except(valid)];
        chosen.Labels = labels;
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            InvalidLabels = [.. request.Labels.Except(valid)], ParameterVersion = chosen.Number,
        };
    }

    /// <summary>All versions of a parameter of the caller's, to be changed.</summary>
    internal static Task<List<ParameterVersion>> Versions(Db db, string name, Call call, CancellationToken cancel) =>
        db.ParameterVersions.Where(p => p.AccountId == call.AccountId && p.Region == call.Region && p.Name == name)
            .ToListAsync(cancel);

    /// <summary>The version of a number, or the newest.</summary>
    /// <exception cref="Protocol.Errors.AwsException">ParameterNotFound, ParameterVersionNotFound.</exception>
    internal static ParameterVersion Chosen(List<ParameterVersion> versions, string name, long? number) =>
        versions.Count == 0 ? throw SsmError.ParameterNotFound()
            : versions.Find(v => number is null ? v.IsCurrent : v.Number == number)
                ?? throw SsmError.ParameterVersionNotFound(name, $"{number}");

    [GeneratedRegex(@"\A(?![0-9]|[aA][wW][sS]|[sS][sS][mM])[a-zA-Z0-9_.-]{1,100}\z")]
    private static partial Regex Legal();
}
