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

    /// <summary>The API's response. Disposing it gives the block's memory back.</summary>
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

        internal byte[] Lent
        {
            init
            {
                _lent = value;
                BlockData = value.AsMemory(0, Block.Size);
            }
        }

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
        if (!snapshots.ManifestOf(row).TryGet(request.BlockIndex, out var address))
            throw EbsError.InvalidBlock($"The block {request.BlockIndex} of {row.Id} was never written.");
        var domain = await keys.ForRead(row, call, cancel);
        var buffer = ArrayPool<byte>.Shared.Rent(Block.Size);
        try
        {
            stores.Of(row.Region).Read(address, domain, buffer.AsSpan(0, Block.Size));
            return new Response
            {
                Lent = buffer,
                DataLength = Block.Size,
                Checksum = Checksum(address, clear: domain is null, buffer.AsSpan(0, Block.Size)),
                ChecksumAlgorithm = Ebs.ChecksumAlgorithm.Sha256,
            };
        }
        catch (Exception failure)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw failure is BlockCorruptException or BlockMissingException
                ? Ec2.Ec2Error.DataLost(row.Id, row.Region, failure.Message) : failure;
        }
    }

    // In the clear domain the address is the digest, which the read has just verified.
    private static string Checksum(BlockAddress address, bool clear, ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        if (clear && !address.IsZero)
            address.CopyTo(digest);
        else
            SHA256.HashData(bytes, digest);
        return Convert.ToBase64String(digest);
    }
}
