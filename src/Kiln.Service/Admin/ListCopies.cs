using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>The copies under way, of all accounts, the oldest first: how far, how fast, how long.</summary>
[Operation("kiln:ListCopies")]
public sealed class ListCopies(Db db, Operator only, Transfers transfers, CopyLimits limits, TimeProvider clock)
    : IOperation<ListCopies.Request, ListCopies.Response>
{
    /// <summary>Copies in an answer: the list is for people; Total says how many there are.</summary>
    public const int ResultsMax = 1000;

    /// <summary>The request.</summary>
    public sealed record Request;

    /// <summary>A copy.</summary>
    public sealed record Item
    {
        /// <summary>The copy.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>Where it is made.</summary>
        public required string Region { get; init; }

        /// <summary>What is copied.</summary>
        public required string SourceSnapshotId { get; init; }

        /// <summary>Where from.</summary>
        public required string SourceRegion { get; init; }

        /// <summary>running, or waiting for another copy or for its turn.</summary>
        public required string State { get; init; }

        /// <summary>0 to 100.</summary>
        public required int Percent { get; init; }

        /// <summary>Bytes that travelled, as stored, restarts included.</summary>
        public required long BytesMoved { get; init; }

        /// <summary>Bytes a second that travel, on average of this run.</summary>
        public long BytesPerSecond { get; init; }

        /// <summary>Seconds that are left at the speed so far; null where that is not known.</summary>
        public long? SecondsLeft { get; init; }

        /// <summary>When a time-based copy is to be completed.</summary>
        public DateTimeOffset? DueAt { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The copies.</summary>
        public required IReadOnlyList<Item> Copies { get; init; }

        /// <summary>How many there are in all.</summary>
        public required int Total { get; init; }

        /// <summary>The limit of one copy between Regions in MiB/s; 0 for none.</summary>
        public required int EachMiBPerSecond { get; init; }

        /// <summary>The limit of all copies from one Region to another; 0 for none.</summary>
        public required int PairMiBPerSecond { get; init; }

        /// <summary>What time it is for the service.</summary>
        public required DateTimeOffset Now { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        var pending = db.Snapshots.AsNoTracking()
            .Where(s => s.Origin == SnapshotOrigin.Copy && s.State == SnapshotState.Pending);
        var rows = await pending.OrderBy(s => s.StartTime).ThenBy(s => s.Id).Take(ResultsMax).ToListAsync(cancel);
        return new Response
        {
            Copies = [.. rows.Select(Describe)],
            Total = await pending.CountAsync(cancel),
            EachMiBPerSecond = limits.EachMiBPerSecond,
            PairMiBPerSecond = limits.PairMiBPerSecond,
            Now = clock.GetUtcNow(),
        };
    }

    private Item Describe(Snapshot row)
    {
        var item = new Item
        {
            SnapshotId = row.Id,
            Region = row.Region,
            SourceSnapshotId = row.SourceSnapshotId!,
            SourceRegion = row.SourceRegion!,
            State = "waiting",
            Percent = row.ProgressPercent,
            BytesMoved = row.TransferredBytes,
            DueAt = row.CompletionDurationMinutes is { } minutes ? row.StartTime.AddMinutes(minutes) : null,
        };
        if (transfers.Find(row.Id) is not { } transfer)
            return item;
        var seconds = Math.Max(transfer.Elapsed.TotalSeconds, 0.001);
        return item with
        {
            State = "running",
            Percent = Math.Max(row.ProgressPercent, Math.Min(transfer.Percent, 99)),
            BytesMoved = transfer.BytesBefore + transfer.BytesMoved,
            BytesPerSecond = (long)(transfer.BytesMoved / seconds),
            SecondsLeft = transfer.BytesDone == 0 ? null
                : (long)((transfer.BytesTotal - transfer.BytesDone) / (transfer.BytesDone / seconds)),
        };
    }
}
