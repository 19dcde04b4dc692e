namespace Kiln.Blocks.Crypto;

/// <summary>The memory of one thread at work in <see cref="XtsCipher"/>: no request allocates.</summary>
internal sealed class XtsScratch
{
    /// <summary>Bytes sealed or opened at once: enough to make the calls cheap, and it all stays in the
    /// second-level cache (and out of the large-object heap).</summary>
    internal const int BatchSize = 64 << 10;

    [ThreadStatic]
    private static XtsScratch? mine;

    /// <summary>That of the calling thread.</summary>
    internal static XtsScratch Mine => mine ??= new XtsScratch();

    /// <summary>Sealed bytes: what was encrypted, or what is to be decrypted.</summary>
    internal byte[] Data { get; } = new byte[BatchSize];

    /// <summary>One tweak for each 16 bytes of <see cref="Data"/>.</summary>
    internal byte[] Tweaks { get; } = new byte[BatchSize];

    /// <summary>The first tweak of each unit.</summary>
    internal byte[] Seeds { get; } = new byte[BatchSize / XtsCipher.UnitSize * XtsCipher.BlockSize];
}
