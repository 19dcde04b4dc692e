using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Lists the grants that a principal may retire. KMS API Reference "ListRetirableGrants".</summary>
[Operation("kms:ListRetirableGrants")]
public sealed class ListRetirableGrants(Db db, Paging paging)
    : IOperation<ListRetirableGrants.Request, ListRetirableGrants.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }

        [Length(1, 256), RegularExpression(@"[\w+=,.@:/-]+")]
        public required string RetiringPrincipal { get; init; }
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
        await call.Authorize();
        var prefix = $"arn:aws:kms:{call.Region}:";
        var account = $"arn:aws:iam::{call.AccountId}:";
        if (!request.RetiringPrincipal.StartsWith(account, StringComparison.Ordinal)
            && !request.RetiringPrincipal.StartsWith($"arn:aws:sts::{call.AccountId}:", StringComparison.Ordinal))
            throw KmsError.Of("InvalidArnException", "ARN does not refer to a valid principal");
        var page = await paging.Read(
            db.Grants.AsNoTracking().Where(g =>
                g.RetiringPrincipal == request.RetiringPrincipal && g.KeyArn.StartsWith(prefix)),
            g => g.Id, request.Limit ?? Markers.OthersDefault, request.Marker, call, cancel);
        return new Response
        {
            Grants = [.. page.Rows.Select(GrantListEntry.Of)],
            NextMarker = page.NextToken,
            Truncated = page.NextToken is not null,
        };
    }
}
