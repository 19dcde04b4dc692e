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
/// A caller whose Accept-Encoding names zstd may get Content-Encoding: zstd (RFC 9110, section 8.4); length and
/// checksum in the headers are those of the block. AWS sends the bytes as they are.
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

        /// <summary>Whether the body is a zstd stream of the bytes; an answer's header says so.</summary>
        internal bool Packed { get; private init; }

        /// <summary>Answers with what lies at the beginning of memory of the array pool.</summary>
        /// <param name="lent">The memory; at least a block.</param>
        /// <param name="packed">The length of the zstd stream in it, or 0 for the bytes themselves.</param>
        /// <param name="checksum">The SHA-256 of the bytes in base64.</param>
        internal static Response Of(byte[] lent, int packed, string checksum) => new()
        {
            _lent = lent,
            BlockData = lent.AsMemory(0, packed > 0 ? packed : Block.Size),
            Packed = packed > 0,
            DataLength = Block.Size,
            Checksum = checksum,
            ChecksumAlgorithm = Ebs.ChecksumAlgorithm.Sha256,
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
        if (!snapshots.ManifestOf(row).TryGet(request.BlockIndex, out var address))
            throw EbsError.InvalidBlock($"The block {request.BlockIndex} of {row.Id} was never written.");
        var domain = await keys.ForRead(row, call, cancel);
        var buffer = ArrayPool<byte>.Shared.Rent(Block.Size);
        try
        {
            var store = stores.Of(row.Region);
            var bytes = buffer.AsSpan(0, Block.Size);

            // Whoever can unpack a block gets it as it is stored, and verifies it.
            var clear = domain is null && !address.IsZero;
            var packed = clear && call.TakesZstd ? store.ReadPacked(address, bytes) : 0;
            if (packed == 0)
                store.Read(address, domain, bytes);
            return Response.Of(buffer, packed, Checksum(address, clear, bytes));
        }
        catch (Exception failure)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw failure is BlockCorruptException or BlockMissingException
                ? Ec2.Ec2Error.DataLost(row.Id, row.Region, failure.Message) : failure;
        }
    }

    // In the clear domain the address is the digest, which the read has just verified or the caller will.
    private static string Checksum(BlockAddress address, bool clear, ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        if (clear)
            address.CopyTo(digest);
        else
            SHA256.HashData(bytes, digest);
        return Convert.ToBase64String(digest);
    }
}
