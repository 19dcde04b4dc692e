using System.Buffers;
using System.ComponentModel.DataAnnotations;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
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
    Scrubs scrubs, DomainClock clock) : IOperation<CheckStores.Request, CheckStores.Response>
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

        /// <summary>Whether to put an intact copy in the place of what is hurt, where there is one.</summary>
        public bool Repair { get; init; }

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

        /// <summary>Rows of the Region that need a manifest, in all.</summary>
        public int ResourcesTotal { get; set; }

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
        var found = new Response { ResourcesTotal = await Total(request.Region, cancel) };
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

    private async Task<int> Total(string region, CancellationToken cancel) =>
        await db.Snapshots.CountAsync(
            s => s.Region == region && s.NodeId == node.Id && s.State == SnapshotState.Completed, cancel)
        + await db.Volumes.CountAsync(
            v => v.Region == region && v.NodeId == node.Id && v.BaseManifestId != null, cancel);

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
        KeyDomain? domain = null;
        var at = new Place(request, row, found);
        try
        {
            var store = stores.Of(request.Region);
            var repair = new Repair(store, scrubs.Options(request.Region));
            var manifest = OpenManifest(store, new ManifestId(row.ManifestId), repair, at);
            if (request.ReadData)
                domain = await keys.OpenOrClear(row.DataKeyId, cancel);
            return Walk(store, manifest, domain, from, repair, at, end, cancel);
        }
        catch (Exception failure) when (failure is AwsException or IOException)
        {
            at.Problem(failure switch
            {
                ManifestMissingException => "manifest-missing",
                BlockCorruptException => "manifest-damaged",
                AwsException { Status: < 500 } => "key-unusable",
                _ => "store-unavailable",
            }, failure.Message);
            return null;
        }
    }

    private static Manifest OpenManifest(BlockStore store, ManifestId id, Repair repair, Place at)
    {
        try
        {
            return store.OpenManifest(id);
        }
        catch (BlockStoreException hurt) when (at.Request.Repair && repair.TryManifest(id))
        {
            at.Problem(
                hurt is ManifestMissingException ? "manifest-missing" : "manifest-damaged", hurt.Message, true);
            return store.OpenManifest(id);
        }
    }

    private long? Walk(
        BlockStore store, Manifest manifest, KeyDomain? domain, long from, Repair repair, Place at, long end,
        CancellationToken cancel)
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
                at.Found.Blocks++;
                if (!address.IsZero)
                    CheckBlock(store, index, address, domain, buffer.AsSpan(0, Block.Size), repair, at);
                if (at.Found.Found.Count >= ProblemsMax)
                    return index + 1;
            }
            return null;
        }
        catch (BlockStoreException damaged)
        {
            at.Problem("manifest-damaged", damaged.Message);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void CheckBlock(
        BlockStore store, long index, BlockAddress address, KeyDomain? domain, Span<byte> buffer, Repair repair,
        Place at)
    {
        try
        {
            if (at.Request.ReadData)
            {
                store.Read(address, domain, buffer);
                at.Found.BytesRead += buffer.Length;
            }
            else if (!store.Contains(address))
            {
                throw new BlockMissingException(address);
            }
        }
        catch (Exception failure) when (failure is BlockStoreException or IOException)
        {
            at.Problem(failure is BlockMissingException ? "block-missing" : "block-damaged",
                $"Block {index}: {failure.Message}", at.Request.Repair && repair.TryHurtBlock(address));
        }
    }

    /// <summary>What is being checked, and where problems go.</summary>
    private sealed record Place(Request Request, StoreRoot Row, Response Found)
    {
        public void Problem(string kind, string message, bool isRepaired = false) =>
            Found.Found.Add(new StoreProblem(Request.Region, Row.ResourceId, kind, message, isRepaired));
    }
}
