using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Lists the names of keys. KMS API Reference "ListAliases".</summary>
[Operation("kms:ListAliases")]
public sealed class ListAliases(Db db, KeyUse keys, Paging paging)
    : IOperation<ListAliases.Request, ListAliases.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public string? KeyId { get; init; }

        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<AliasListEntry> Aliases { get; init; } = [];

        public string? NextMarker { get; init; }

        public bool? Truncated { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var rows = db.Aliases.AsNoTracking().Where(a => a.AccountId == call.AccountId && a.Region == call.Region);
        if (request.KeyId is { } name)
        {
            var key = await keys.Named(call, name, cancel, aliases: false);
            rows = rows.Where(a => a.TargetKeyId == key.KeyId);
        }
        var page = await paging.Read(
            rows, a => a.Name, request.Limit ?? Markers.OthersDefault, request.Marker, call, cancel);
        return new Response
        {
            Aliases = [.. page.Rows.Select(AliasListEntry.Of)],
            NextMarker = page.NextToken,
            Truncated = page.NextToken is not null,
        };
    }
}
