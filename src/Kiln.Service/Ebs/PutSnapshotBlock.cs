using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Ebs;

/// <summary>Writes one block of a snapshot under way. A later put of the same index wins.</summary>
/// <remarks>
/// The hot path of every upload: no database, no copy of the block, and its SHA-256 is computed once, for signature,
/// checksum and address. When it answers, the block survives the death of the process.
/// </remarks>
[Operation("ebs:PutSnapshotBlock")]
[Rest("PUT", "/snapshots/{snapshotId}/blocks/{blockIndex}", 201)]
public sealed class PutSnapshotBlock(DirectUploads uploads) : IOperation<PutSnapshotBlock.Request,
    PutSnapshotBlock.Response>
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

        /// <summary>The bytes.</summary>
        [Payload]
        public required ReadOnlyMemory<byte> BlockData { get; init; }

        /// <summary>How many: 524288.</summary>
        [Header("x-amz-Data-Length")]
        public required int DataLength { get; init; }

        /// <summary>How far the upload is, in percent.</summary>
        [Header("x-amz-Progress"), Range(0, 100)]
        public int? Progress { get; init; }

        /// <summary>The block's SHA-256 in base64.</summary>
        [Header("x-amz-Checksum"), MaxLength(64)]
        public required string Checksum { get; init; }

        /// <summary>SHA256.</summary>
        [Header("x-amz-Checksum-Algorithm")]
        public required ChecksumAlgorithm ChecksumAlgorithm { get; init; }
    }

    /// <summary>The API's response.</summary>
    public sealed record Response
    {
        /// <summary>The block's SHA-256 in base64.</summary>
        [Header("x-amz-Checksum")]
        public string? Checksum { get; init; }

        /// <summary>SHA256.</summary>
        [Header("x-amz-Checksum-Algorithm")]
        public ChecksumAlgorithm? ChecksumAlgorithm { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        DirectNames.CheckSnapshotId(request.SnapshotId);
        var upload = await uploads.Find(call.AccountId, call.Region, request.SnapshotId, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, request.SnapshotId));
        if (request.DataLength != Block.Size || request.BlockData.Length != Block.Size)
        {
            throw EbsError.InvalidBlock(
                $"A block has {Block.Size} bytes; {request.BlockData.Length} came, "
                + $"{request.DataLength} were announced.");
        }
        var digest = call.BodySha256.IsEmpty ? SHA256.HashData(request.BlockData.Span) : call.BodySha256;
        CheckDigest(request.Checksum, digest.Span);
        await uploads.Put(upload, request.BlockIndex, request.BlockData, digest, request.Progress, cancel);
        return new Response { Checksum = request.Checksum, ChecksumAlgorithm = request.ChecksumAlgorithm };
    }

    private static void CheckDigest(string checksum, ReadOnlySpan<byte> digest)
    {
        Span<byte> given = stackalloc byte[64];
        if (!Convert.TryFromBase64String(checksum, given, out var length) || !given[..length].SequenceEqual(digest))
        {
            throw EbsError.InvalidBlock(
                $"The checksum {checksum} is not the SHA-256 of the block, {Convert.ToBase64String(digest)}.");
        }
    }
}
