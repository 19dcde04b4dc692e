using System.ComponentModel.DataAnnotations;
using Kiln.Blocks.Manifests;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>What the snapshots of a Region on this node cost: each one's own bytes, and what all cost
/// together.</summary>
[Operation("kiln:DescribeUsage")]
public sealed class DescribeUsage(
    Db db, Operator only, RegionStores stores, NodeIdentity node, ServiceOptions options)
    : IOperation<DescribeUsage.Request, DescribeUsage.Response>
{
    /// <summary>Blocks of all snapshots together at most (4 TiB): each needs some 60 bytes while it is
    /// counted.</summary>
    public const long BlocksMax = 8 << 20;

    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The Region.</summary>
        [MaxLength(32)]
        public required string Region { get; init; }
    }

    /// <summary>A snapshot's part.</summary>
    public sealed record Item
    {
        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>Bytes of its written blocks.</summary>
        public required long FullBytes { get; init; }

        /// <summary>Bytes of blocks that no other snapshot has: what it is charged for.</summary>
        public required long UniqueBytes { get; init; }

        /// <summary>Bytes on disk that deleting it would free.</summary>
        public required long UniqueStoredBytes { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The completed snapshots.</summary>
        public required IReadOnlyList<Item> Snapshots { get; init; }

        /// <summary>Different blocks that any of them has.</summary>
        public required long Blocks { get; init; }

        /// <summary>Bytes on disk of those.</summary>
        public required long StoredBytes { get; init; }

        /// <summary>Bytes of the store's segment files, needed or not.</summary>
        public required long SegmentBytes { get; init; }

        /// <summary>Of those, bytes in segments that recompression has packed as small as they get.</summary>
        public required long RecompressedBytes { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (!options.RegionList.Contains(request.Region))
            throw AdminError.Validation($"The Region is not enabled here. Enabled: {options.Regions}.");
        var own = db.Snapshots.AsNoTracking().Where(
            s => s.Region == request.Region && s.NodeId == node.Id && s.State == SnapshotState.Completed);
        if (await own.SumAsync(s => s.FullSizeBytes, cancel) / Blocks.Block.Size > BlocksMax)
            throw AdminError.Validation(
                $"The snapshots have more than {BlocksMax} blocks: too many to count in one call.");
        var rows = await own.OrderBy(s => s.Id).Select(s => new { s.Id, s.ManifestId }).ToListAsync(cancel);
        var ids = rows.ConvertAll(r => new ManifestId(r.ManifestId!));
        // Two snapshots of equal content are one manifest; each shares all it has with the other.
        var twins = ids.GroupBy(i => i).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        var store = stores.Of(request.Region);
        var usage = store.Usage(ids);
        var (total, dense) = store.PackedBytes;
        return new Response
        {
            SegmentBytes = total,
            RecompressedBytes = dense,
            Blocks = usage.Blocks,
            StoredBytes = usage.StoredBytes,
            Snapshots = [.. rows.Select((row, i) => new Item
            {
                SnapshotId = row.Id,
                FullBytes = usage.Manifests[ids[i]].FullBytes,
                UniqueBytes = twins.Contains(ids[i]) ? 0 : usage.Manifests[ids[i]].UniqueBytes,
                UniqueStoredBytes = twins.Contains(ids[i]) ? 0 : usage.Manifests[ids[i]].UniqueStoredBytes,
            })],
        };
    }
}
