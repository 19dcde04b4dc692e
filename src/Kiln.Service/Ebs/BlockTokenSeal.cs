using System.Security.Cryptography;

namespace Kiln.Service.Ebs;

/// <summary>Makes the tokens of one page: one cipher for up to ten thousand of them. Not thread-safe.</summary>
public sealed class BlockTokenSeal : IDisposable
{
    private readonly AesGcm _aes;
    private readonly byte[] _context;
    private readonly DateTimeOffset _expiry;

    internal BlockTokenSeal(byte[] key, byte[] context, DateTimeOffset expiry)
    {
        _aes = BlockTokens.Cipher(key);
        _context = context;
        _expiry = expiry;
    }

    /// <summary>The token of a block, or of the page that begins at it.</summary>
    public string Token(int index) => BlockTokens.Seal(_aes, _context, _expiry, index);

    /// <inheritdoc/>
    public void Dispose() => _aes.Dispose();
}
