using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Lists the grants on a key. KMS API Reference "ListGrants".</summary>
[Operation("kms:ListGrants")]
public sealed class ListGrants(Db db, KeyUse keys, Paging paging) : IOperation<ListGrants.Request, ListGrants.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }

        [Length(1, 128)] public string? GrantId { get; init; }

        [Length(1, 256), RegularExpression(@"[\w+=,.@:/-]+")]
        public string? GranteePrincipal { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<GrantListEntry> Grants { get; init; } = [];

        public string? NextMarker { get; init; }

        public bool? Truncated { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Named(call, request.KeyId, cancel, aliases: false);
        await keys.Authorize(call, key);
        var rows = db.Grants.AsNoTracking().Where(g => g.KeyArn == key.Arn);
        if (request.GrantId is { } id)
        {
            rows = await rows.AnyAsync(g => g.Id == id, cancel) ? rows.Where(g => g.Id == id)
                : throw KmsError.Of("InvalidGrantIdException", $"Grant ID {id} not found");
        }
        if (request.GranteePrincipal is { } grantee)
            rows = rows.Where(g => g.GranteePrincipal == grantee);
        var page = await paging.Read(
            rows, g => g.Id, request.Limit ?? Markers.OthersDefault, request.Marker, call, cancel);
        return new Response
        {
            Grants = [.. page.Rows.Select(GrantListEntry.Of)],
            NextMarker = page.NextToken,
            Truncated = page.NextToken is not null,
        };
    }
}
