using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Lists the keys of the account in the Region. KMS API Reference "ListKeys".</summary>
[Operation("kms:ListKeys")]
public sealed class ListKeys(Db db, Paging paging) : IOperation<ListKeys.Request, ListKeys.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<KeyListEntry> Keys { get; init; } = [];

        public string? NextMarker { get; init; }

        public bool? Truncated { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var page = await paging.Read(
            db.Keys.AsNoTracking().Where(k => k.AccountId == call.AccountId && k.Region == call.Region), k => k.KeyId,
            request.Limit ?? Markers.KeysDefault, request.Marker, call, cancel);
        return new Response
        {
            Keys = [.. page.Rows.Select(k => new KeyListEntry(k.KeyId, k.Arn))],
            NextMarker = page.NextToken,
            Truncated = page.NextToken is not null,
        };
    }
}
