using System.Buffers;
using System.ComponentModel.DataAnnotations;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>Checks that what the rows of a Region promise is in its store on this node, a bounded piece at a
/// time.</summary>
/// <remarks>
/// Every manifest must open and every block of it be there; with ReadData every block is read and verified end to
/// end. A call works for some seconds and answers where to go on.
/// </remarks>
[Operation("kiln:CheckStores")]
public sealed class CheckStores(
    Db db, Operator only, RegionStores stores, DataKeys keys, NodeIdentity node, Paging paging, ServiceOptions options,
    DomainClock clock) : IOperation<CheckStores.Request, CheckStores.Response>
{
    /// <summary>How long a call works: a client that waits sees progress, and a stop of the service is not held
    /// up.</summary>
    public static readonly TimeSpan PieceMax = TimeSpan.FromSeconds(2);

    /// <summary>Problems of one answer at most; a lost disk would else make one of every block.</summary>
    public const int ProblemsMax = 100;

    /// <summary>Rows looked up at once.</summary>
    private const int RowsMax = 100;

    /// <summary>Blocks between two looks at the time.</summary>
    private const int BlocksBetweenLooks = 64;

    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The Region to check.</summary>
        [MaxLength(32)]
        public required string Region { get; init; }

        /// <summary>Whether to read and verify every block.</summary>
        public bool ReadData { get; init; }

        /// <summary>Goes on where a call ended.</summary>
        public string? NextToken { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>Rows whose manifests were checked to their end in this call.</summary>
        public int Resources { get; set; }

        /// <summary>Blocks that were looked up.</summary>
        public long Blocks { get; set; }

        /// <summary>Bytes that were read and verified.</summary>
        public long BytesRead { get; set; }

        /// <summary>What is wrong.</summary>
        public IReadOnlyList<StoreProblem> Problems { get; set; } = [];

        /// <summary>There is more to check.</summary>
        public string? NextToken { get; set; }

        internal List<StoreProblem> Found { get; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (!options.RegionList.Contains(request.Region))
            throw AdminError.Validation(
                $"The Region '{request.Region}' is not enabled here. Enabled: {options.Regions}.");
        var found = new Response();
        found.NextToken = await Piece(request, call, found, cancel);
        found.Problems = found.Found;
        return found;
    }

    /// <summary>Works for a while; answers where to go on, or null at the end.</summary>
    private async Task<string?> Piece(Request request, Call call, Response found, CancellationToken cancel)
    {
        var (after, block) = Position(request.NextToken, call);
        var end = clock.GetTimestamp() + (long)(PieceMax.TotalSeconds * clock.TimestampFrequency);
        while (true)
        {
            var rows = await Rows(request.Region, after, cancel);
            if (rows.Count == 0)
                return null;
            foreach (var row in rows)
            {
                var next = await Check(request, row, block, found, end, cancel);
                if (next is { } stopped)
                    return paging.Seal($"{after}|{stopped}", call);
                found.Resources++;
                (after, block) = (row.ResourceId, 0);
                if (found.Found.Count >= ProblemsMax || clock.GetTimestamp() > end)
                    return paging.Seal($"{after}|0", call);
            }
        }
    }

    private (string After, long Block) Position(string? token, Call call)
    {
        if (token is null)
            return ("", 0);
        var parts = paging.Open(token, call).Split('|');
        return (parts[0], long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task<List<StoreRoot>> Rows(string region, string after, CancellationToken cancel)
    {
        // Snapshots (snap-…) come before volumes (vol-…): one order over both.
        var rows = await db.Snapshots.AsNoTracking()
            .Where(s => s.Region == region && s.NodeId == node.Id && s.State == SnapshotState.Completed
                && string.Compare(s.Id, after) > 0)
            .OrderBy(s => s.Id).Take(RowsMax)
            .Select(s => new StoreRoot(s.Id, s.ManifestId!, s.DataKeyId)).ToListAsync(cancel);
        return rows.Count > 0 ? rows : await db.Volumes.AsNoTracking()
            .Where(v => v.Region == region && v.NodeId == node.Id && v.BaseManifestId != null
                && string.Compare(v.Id, after) > 0)
            .OrderBy(v => v.Id).Take(RowsMax)
            .Select(v => new StoreRoot(v.Id, v.BaseManifestId!, v.BaseDataKeyId ?? v.DataKeyId)).ToListAsync(cancel);
    }

    /// <summary>Checks one row from a block on; answers the block to go on with, or null when it is through.</summary>
    private async Task<long?> Check(
        Request request, StoreRoot row, long from, Response found, long end, CancellationToken cancel)
    {
        void Problem(string kind, string message) =>
            found.Found.Add(new StoreProblem(request.Region, row.ResourceId, kind, message));
        KeyDomain? domain = null;
        Manifest manifest;
        BlockStore store;
        try
        {
            store = stores.Of(request.Region);
            manifest = store.OpenManifest(new ManifestId(row.ManifestId));
            if (request.ReadData)
                domain = await keys.OpenOrClear(row.DataKeyId, cancel);
        }
        catch (Exception failure) when (failure is AwsException or IOException)
        {
            Problem(failure switch
            {
                ManifestMissingException => "manifest-missing",
                BlockCorruptException => "manifest-damaged",
                AwsException { Status: < 500 } => "key-unusable",
                _ => "store-unavailable",
            }, failure.Message);
            return null;
        }
        return Walk(request, store, manifest, domain, from, found, end, Problem, cancel);
    }

    private long? Walk(
        Request request, BlockStore store, Manifest manifest, KeyDomain? domain, long from, Response found, long end,
        Action<string, string> problem, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Block.Size);
        try
        {
            var looks = 0;
            foreach (var (index, address) in manifest.Entries(from))
            {
                cancel.ThrowIfCancellationRequested();
                if (++looks % BlocksBetweenLooks == 0 && clock.GetTimestamp() > end)
                    return index;
                found.Blocks++;
                if (address.IsZero)
                    continue;
                if (!store.Contains(address))
                    problem("block-missing", $"Block {index} is not in the store.");
                else if (request.ReadData)
                    ReadBlock(store, address, domain, buffer.AsSpan(0, Block.Size), index, found, problem);
                if (found.Found.Count >= ProblemsMax)
                    return index + 1;
            }
            return null;
        }
        catch (BlockStoreException damaged)
        {
            problem("manifest-damaged", damaged.Message);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void ReadBlock(
        BlockStore store, BlockAddress address, KeyDomain? domain, Span<byte> buffer, long index, Response found,
        Action<string, string> problem)
    {
        try
        {
            store.Read(address, domain, buffer);
            found.BytesRead += buffer.Length;
        }
        catch (Exception failure) when (failure is BlockStoreException or IOException)
        {
            problem(failure is BlockMissingException ? "block-missing" : "block-damaged",
                $"Block {index}: {failure.Message}");
        }
    }
}
