using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using ZstdNet;

namespace Kiln.Cli.Snapshots;

/// <summary>Reads answers to GetSnapshotBlock, block after block into the same memory, each verified.</summary>
/// <remarks>
/// It prefers runs of blocks, docs/formats/block-run.md; from whoever does not know the preference (AWS) comes one
/// block, as it is.
/// </remarks>
internal sealed class BlockReader(Memory<byte> block) : IDisposable
{
    private const int HeaderSize = 8 + SHA256.HashSizeInBytes;
    private readonly byte[] _header = new byte[HeaderSize];
    private readonly byte[] _packed = new byte[RawImage.BlockSize];
    private readonly Decompressor _decompressor = new();
    private HttpResponseMessage? _answer;
    private Stream _body = Stream.Null;
    private bool _run;

    /// <summary>The headers that ask for a number of blocks in one answer.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Wishes(int blocks) =>
        [new("prefer", string.Create(CultureInfo.InvariantCulture, $"kiln-blocks={blocks}"))];

    /// <summary>Begins with an answer, and ends the one before.</summary>
    /// <returns>How many blocks it has.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task<int> Begin(HttpResponseMessage answer, CancellationToken cancel)
    {
        _answer?.Dispose();
        _answer = answer;
        _body = await answer.Content.ReadAsStreamAsync(cancel);
        _run = answer.Headers.TryGetValues("Preference-Applied", out var applied);
        if (!_run)
            return 1;
        return int.TryParse(applied!.First().Split('=')[^1], NumberStyles.None, CultureInfo.InvariantCulture,
            out var blocks) && blocks > 0 ? blocks : throw new IOException("An answer that counts no blocks.");
    }

    /// <summary>Reads the next block.</summary>
    /// <param name="index">The index that it must have.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The block's digest; null when the block does not match its checksum.</returns>
    /// <exception cref="IOException">The connection broke, or this is no run of the blocks asked for.</exception>
    public async Task<byte[]?> Next(int index, CancellationToken cancel)
    {
        if (!_run)
        {
            await _body.ReadExactlyAsync(block, cancel);
            var whole = SHA256.HashData(block.Span);
            return _answer!.Headers.TryGetValues("x-amz-checksum", out var checksums)
                && checksums.First() == Convert.ToBase64String(whole) ? whole : null;
        }
        await _body.ReadExactlyAsync(_header, cancel);
        var length = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(4));
        if (BinaryPrimitives.ReadInt32LittleEndian(_header) != index || length < 0 || length > block.Length)
            throw new IOException($"An answer without block {index} in its place.");
        var bytes = length == block.Length ? block : _packed.AsMemory(0, length);
        await _body.ReadExactlyAsync(bytes, cancel);
        if (length < block.Length && !Unpack(bytes.Span))
            return null;
        var digest = SHA256.HashData(block.Span);
        return digest.AsSpan().SequenceEqual(_header.AsSpan(8)) ? digest : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answer?.Dispose();
        _decompressor.Dispose();
    }

    private bool Unpack(ReadOnlySpan<byte> packed)
    {
        if (packed.IsEmpty)
        {
            block.Span.Clear();
            return true;
        }
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
