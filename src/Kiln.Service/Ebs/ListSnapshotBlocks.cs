using System.ComponentModel.DataAnnotations;
using Kiln.Blocks;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ebs;

/// <summary>The written blocks of a snapshot, in ascending order, with tokens to read them by.</summary>
[Operation("ebs:ListSnapshotBlocks")]
[Rest("GET", "/snapshots/{snapshotId}/blocks")]
public sealed class ListSnapshotBlocks(Db db, ReadableSnapshots snapshots, DirectKeys keys, BlockTokens tokens,
    TimeProvider clock)
    : IOperation<ListSnapshotBlocks.Request, ListSnapshotBlocks.Response>
{
    /// <summary>The API's request.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot.</summary>
        [Path("snapshotId"), Length(1, 64)]
        public required string SnapshotId { get; init; }

        /// <summary>Goes on where a page ended; wins over the starting index.</summary>
        [Query("pageToken"), MaxLength(256)]
        public string? NextToken { get; init; }

        /// <summary>100 to 10000.</summary>
        [Query("maxResults")]
        public int? MaxResults { get; init; }

        /// <summary>Skips blocks below.</summary>
        [Query("startingBlockIndex"), Range(0, int.MaxValue)]
        public int? StartingBlockIndex { get; init; }
    }

    /// <summary>The API's response.</summary>
    public sealed record Response
    {
        /// <summary>The blocks.</summary>
        public IReadOnlyList<SnapshotBlock> Blocks { get; init; } = [];

        /// <summary>When the block tokens expire.</summary>
        public DateTimeOffset? ExpiryTime { get; init; }

        /// <summary>In GiB.</summary>
        public long? VolumeSize { get; init; }

        /// <summary>In bytes.</summary>
        public int? BlockSize { get; init; }

        /// <summary>More follows.</summary>
        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var size = BlockListing.Size(request.MaxResults);
        var row = await snapshots.Find(db, call, request.SnapshotId, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, row.Id));
        await keys.ForRead(row, call, cancel);
        var start = BlockListing.Start(tokens, call, row.Id, request.NextToken, request.StartingBlockIndex);
        var expiry = clock.GetUtcNow() + BlockTokens.BlockLifetime;
        var blocks = new List<SnapshotBlock>();
        string? next = null;
        using var seal = tokens.Blocks(call, row.Id, expiry);
        foreach (var entry in snapshots.ManifestOf(row).Entries(start))
        {
            var index = (int)entry.Index;
            if (blocks.Count == size)
            {
                next = tokens.Page(call, row.Id, index);
                break;
            }
            blocks.Add(new SnapshotBlock { BlockIndex = index, BlockToken = seal.Token(index) });
        }
        return new Response
        {
            Blocks = blocks,
            ExpiryTime = expiry,
            VolumeSize = row.VolumeSizeGiB,
            BlockSize = Block.Size,
            NextToken = next,
        };
    }
}
