using System.Security.Cryptography;
using ZstdNet;

namespace Kiln.Cli.Snapshots;

/// <summary>A worker's block: received as it is or as a zstd stream, and verified against its checksum.</summary>
internal sealed class FetchedBlock(Memory<byte> block) : IDisposable
{
    private readonly byte[] _packed = new byte[RawImage.BlockSize];
    private readonly Decompressor _decompressor = new();

    /// <summary>The headers that ask for a packed body where the service has one.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Wishes { get; } = [new("accept-encoding", "zstd")];

    /// <summary>Receives an answer to GetSnapshotBlock.</summary>
    /// <returns>The block's digest; null when it does not match its checksum.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task<byte[]?> Receive(HttpResponseMessage answer, CancellationToken cancel)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        if (answer.Content.Headers.ContentEncoding.Contains("zstd"))
        {
            var length = answer.Content.Headers.ContentLength ?? 0;
            if (length > _packed.Length)
                throw new IOException($"A packed block of {length} bytes.");
            var packed = _packed.AsMemory(0, (int)length);
            await body.ReadExactlyAsync(packed, cancel);
            if (!Unpack(packed.Span))
                return null;
        }
        else
        {
            await body.ReadExactlyAsync(block, cancel);
        }
        var digest = SHA256.HashData(block.Span);
        return answer.Headers.TryGetValues("x-amz-checksum", out var checksums)
            && checksums.First() == Convert.ToBase64String(digest) ? digest : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _decompressor.Dispose();

    private bool Unpack(ReadOnlySpan<byte> packed)
    {
        try
        {
            return _decompressor.Unwrap(packed, block.Span, bufferSizePrecheck: false) == block.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
    }
}
