using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>What the service has still to do, the soonest first: jobs, retries, timers and schedules.</summary>
[Operation("kiln:ListWork")]
public sealed class ListWork(Db db, Operator only, DomainClock clock) : IOperation<ListWork.Request, ListWork.Response>
{
    /// <summary>Rows of an answer unless asked otherwise.</summary>
    public const int ResultsDefault = 100;

    /// <summary>Rows of an answer at most: the list is for people; Total says how much there is.</summary>
    public const int ResultsMax = 1000;

    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>Only work of this kind, e.g. <c>image</c>.</summary>
        [MaxLength(40)]
        public string? Kind { get; init; }

        /// <summary>1 to 1000.</summary>
        [Range(1, ResultsMax)]
        public int? MaxResults { get; init; }
    }

    /// <summary>A piece of work.</summary>
    public sealed record Item
    {
        /// <summary>Whose it is, e.g. <c>image</c>.</summary>
        public required string Kind { get; init; }

        /// <summary>What to look at.</summary>
        public required string ResourceId { get; init; }

        /// <summary>When, by the domain clock.</summary>
        public required DateTimeOffset DueAt { get; init; }

        /// <summary>running, due, or waiting.</summary>
        public required string State { get; init; }

        /// <summary>The node that alone can do it.</summary>
        public string? NodeId { get; init; }

        /// <summary>How often in a row it has failed.</summary>
        public int Attempts { get; init; }

        /// <summary>What the last failure said.</summary>
        public string? LastError { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The rows.</summary>
        public required IReadOnlyList<Item> Work { get; init; }

        /// <summary>How many there are in all.</summary>
        public required int Total { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        var rows = db.Work.AsNoTracking();
        if (request.Kind is { } kind)
            rows = rows.Where(w => w.Kind == kind);
        var total = await rows.CountAsync(cancel);
        var page = await rows.OrderBy(w => w.DueAt).ThenBy(w => w.Kind).ThenBy(w => w.ResourceId)
            .Take(request.MaxResults ?? ResultsDefault).ToListAsync(cancel);
        var (now, wall) = (clock.GetUtcNow(), clock.Wall.GetUtcNow());
        return new Response
        {
            Total = total,
            Work = [.. page.Select(w => new Item
            {
                Kind = w.Kind,
                ResourceId = w.ResourceId,
                DueAt = w.DueAt,
                State = w.LeaseUntil > wall ? "running" : w.DueAt <= now ? "due" : "waiting",
                NodeId = w.NodeId,
                Attempts = w.Attempts,
                LastError = w.LastError,
            })],
        };
    }
}
