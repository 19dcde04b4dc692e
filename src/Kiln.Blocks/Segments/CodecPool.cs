namespace Kiln.Blocks.Segments;

/// <summary>Codecs for whoever packs or unpacks just now; 1.1 MiB of native memory each, kept up to a bound.</summary>
internal sealed class CodecPool(CompressionLevels levels) : IDisposable
{
    // More users at once than this share the cores anyway; theirs are made and freed.
    private readonly BlockCodec?[] kept = new BlockCodec?[16];

    internal BlockCodec Rent()
    {
        for (var i = 0; i < kept.Length; i++)
        {
            if (kept[i] is not null && Interlocked.Exchange(ref kept[i], null) is { } codec) return codec;
        }

        return new BlockCodec(levels);
    }

    internal void Return(BlockCodec codec)
    {
        for (var i = 0; i < kept.Length; i++)
        {
            if (kept[i] is null && Interlocked.CompareExchange(ref kept[i], codec, null) is null) return;
        }

        codec.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var i = 0; i < kept.Length; i++) Interlocked.Exchange(ref kept[i], null)?.Dispose();
    }
}
