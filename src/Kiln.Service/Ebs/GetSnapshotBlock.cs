using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ebs;

/// <summary>The bytes of one block, verified end to end, with their checksum.</summary>
/// <remarks>
/// A caller whose Prefer header (RFC 7240) says <c>kiln-blocks=N</c> gets up to so many written blocks in one answer,
/// as <see cref="BlockRun"/> lays them out, and is told by Preference-Applied. AWS answers one block whatever is
/// preferred.
/// </remarks>
[Operation("ebs:GetSnapshotBlock")]
[Rest("GET", "/snapshots/{snapshotId}/blocks/{blockIndex}")]
public sealed class GetSnapshotBlock(Db db, ReadableSnapshots snapshots, DirectKeys keys, RegionStores stores,
    BlockTokens tokens)
    : IOperation<GetSnapshotBlock.Request, GetSnapshotBlock.Response>
{
    /// <summary>The API's request.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot.</summary>
        [Path("snapshotId"), Length(1, 64)]
        public required string SnapshotId { get; init; }

        /// <summary>Byte offset divided by the block size.</summary>
        [Path("blockIndex"), Range(0, int.MaxValue)]
        public required int BlockIndex { get; init; }

        /// <summary>From one of the listings.</summary>
        [Query("blockToken"), MaxLength(256)]
        public required string BlockToken { get; init; }
    }

    /// <summary>The API's response. Disposing it gives its memory back.</summary>
    public sealed record Response : IDisposable
    {
        private byte[]? _lent;

        /// <summary>524288.</summary>
        [Header("x-amz-Data-Length")]
        public int? DataLength { get; init; }

        /// <summary>The bytes.</summary>
        [Payload]
        public ReadOnlyMemory<byte>? BlockData { get; init; }

        /// <summary>Their SHA-256 in base64.</summary>
        [Header("x-amz-Checksum")]
        public string? Checksum { get; init; }

        /// <summary>SHA256.</summary>
        [Header("x-amz-Checksum-Algorithm")]
        public ChecksumAlgorithm? ChecksumAlgorithm { get; init; }

        /// <summary>How many blocks it has where the caller preferred several; else 0.</summary>
        internal int Run { get; private init; }

        /// <summary>One block, in memory of the array pool.</summary>
        internal static Response Of(byte[] lent, string checksum) => new()
        {
            _lent = lent,
            BlockData = lent.AsMemory(0, Block.Size),
            DataLength = Block.Size,
            Checksum = checksum,
            ChecksumAlgorithm = Ebs.ChecksumAlgorithm.Sha256,
        };

        /// <summary>A run of blocks, in memory of the array pool.</summary>
        internal static Response Of(byte[] lent, int length, int blocks) => new()
        {
            _lent = lent,
            BlockData = lent.AsMemory(0, length),
            Run = blocks,
        };

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _lent, null) is { } lent)
                ArrayPool<byte>.Shared.Return(lent);
        }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var row = await snapshots.Find(db, call, request.SnapshotId, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, row.Id));
        tokens.CheckBlock(call, row.Id, request.BlockIndex, request.BlockToken);
        var manifest = snapshots.ManifestOf(row);
        if (!manifest.TryGet(request.BlockIndex, out var address))
            throw EbsError.InvalidBlock($"The block {request.BlockIndex} of {row.Id} was never written.");
        var domain = await keys.ForRead(row, call, cancel);
        var store = stores.Of(row.Region);
        var wanted = BlockRun.Wanted(call.Prefer);
        var lent = ArrayPool<byte>.Shared.Rent(wanted > 0 ? BlockRun.BytesMax : Block.Size);
        try
        {
            if (wanted > 0)
            {
                var run = new BlockRun(store, domain, lent);
                run.Read(manifest.Entries(request.BlockIndex).Take(wanted));
                return Response.Of(lent, run.Length, run.Count);
            }
            var bytes = lent.AsSpan(0, Block.Size);
            store.Read(address, domain, bytes);
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            BlockRun.Digest(address, domain, bytes, digest);
            return Response.Of(lent, Convert.ToBase64String(digest));
        }
        catch (Exception failure)
        {
            ArrayPool<byte>.Shared.Return(lent);
            throw failure switch
            {
                BlockStoreException => Ec2.Ec2Error.DataLost(row.Id, row.Region, failure.Message),
                // The disk gives nothing: it may, when it is asked again.
                IOException => Ec2.Ec2Error.StoreUnavailable(row.Region, failure.Message),
                _ => failure,
            };
        }
    }
}
