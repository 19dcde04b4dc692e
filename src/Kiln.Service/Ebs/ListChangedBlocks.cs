using System.ComponentModel.DataAnnotations;
using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ebs;

/// <summary>The blocks in which two snapshots of one lineage differ, in ascending order.</summary>
/// <remarks>Costs what differs: equal pages of the two manifests are not even opened.</remarks>
[Operation("ebs:ListChangedBlocks")]
[Rest("GET", "/snapshots/{secondSnapshotId}/changedblocks")]
public sealed class ListChangedBlocks(Db db, ReadableSnapshots snapshots, DirectKeys keys, BlockTokens tokens,
    TimeProvider clock)
    : IOperation<ListChangedBlocks.Request, ListChangedBlocks.Response>
{
    /// <summary>The API's request.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot to compare with.</summary>
        [Query("firstSnapshotId"), Length(1, 64)]
        public string? FirstSnapshotId { get; init; }

        /// <summary>The snapshot.</summary>
        [Path("secondSnapshotId"), Length(1, 64)]
        public required string SecondSnapshotId { get; init; }

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
        public IReadOnlyList<ChangedBlock> ChangedBlocks { get; init; } = [];

        /// <summary>When the block tokens expire.</summary>
        public DateTimeOffset? ExpiryTime { get; init; }

        /// <summary>In GiB, of the second snapshot.</summary>
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
        var firstId = request.FirstSnapshotId
            ?? throw EbsError.InvalidParameterValue("firstSnapshotId is missing: name the snapshot to compare with.");
        var first = await snapshots.Find(db, call, firstId, cancel);
        var second = await snapshots.Find(db, call, request.SecondSnapshotId, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, first.Id), Arn.Snapshot(call.Region, second.Id));
        if (first.LineageId != second.LineageId)
            throw EbsError.UnrelatedSnapshots(first.Id, second.Id);
        await keys.ForRead(first, call, cancel);
        await keys.ForRead(second, call, cancel);
        var listing = $"{first.Id},{second.Id}";
        var start = BlockListing.Start(tokens, call, listing, request.NextToken, request.StartingBlockIndex);
        var expiry = clock.GetUtcNow() + BlockTokens.BlockLifetime;
        var blocks = new List<ChangedBlock>();
        string? next = null;
        using var firstSeal = tokens.Blocks(call, first.Id, expiry);
        using var secondSeal = tokens.Blocks(call, second.Id, expiry);
        foreach (var change in Manifest.Diff(snapshots.ManifestOf(first), snapshots.ManifestOf(second), start))
        {
            var index = (int)change.Index;
            if (blocks.Count == size)
            {
                next = tokens.Page(call, listing, index);
                break;
            }
            blocks.Add(new ChangedBlock
            {
                BlockIndex = index,
                FirstBlockToken = change.First is null ? null : firstSeal.Token(index),
                SecondBlockToken = change.Second is null ? null : secondSeal.Token(index),
            });
        }
        return new Response
        {
            ChangedBlocks = blocks,
            ExpiryTime = expiry,
            VolumeSize = second.VolumeSizeGiB,
            BlockSize = Block.Size,
            NextToken = next,
        };
    }
}
