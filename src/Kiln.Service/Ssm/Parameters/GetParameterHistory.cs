using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Reads the versions of a parameter, the oldest first. Systems Manager API Reference
/// "GetParameterHistory".</summary>
[Operation("ssm:GetParameterHistory")]
public sealed class GetParameterHistory(Db db, ParameterLookup lookup, Paging paging)
    : IOperation<GetParameterHistory.Request, GetParameterHistory.Response>
{
    private const int PageMax = 50;

    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }

        public bool? WithDecryption { get; init; }

        [Range(1, PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<ParameterHistory> Parameters { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var name = ParameterName.Parse(request.Name, call);
        await call.Authorize(Arn.Parameter(call.Region, name.AccountId, name.Name));
        _ = await lookup.Find(name with { Selector = null }, call, cancel) ?? throw SsmError.ParameterNotFound();
        var after = request.NextToken is { } token
            ? long.Parse(paging.Open(token, call), CultureInfo.InvariantCulture) : 0;
        var most = request.MaxResults ?? PageMax;
        var versions = await db.ParameterVersions.AsNoTracking().Where(p => p.AccountId == name.AccountId
                && p.Region == call.Region && p.Name == name.Name && p.Number > after)
            .OrderBy(p => p.Number).Take(most + 1).ToListAsync(cancel);
        var items = new List<ParameterHistory>();
        foreach (var version in versions.Take(most))
        {
            items.Add(ParameterHistory.Of(version, request.WithDecryption == true
                ? await lookup.Open(version, call, cancel) : version.Value));
        }
        return new Response
        {
            Parameters = items,
            NextToken = versions.Count <= most ? null
                : paging.Seal(items[^1].Version.ToString(CultureInfo.InvariantCulture), call),
        };
    }
}
