using System.Security.Cryptography;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

/// <summary>How the key of an encrypted layer follows from the volume's data key.</summary>
/// <remarks>Format: docs/formats/volume.md.</remarks>
/// <param name="Salt">Random for each layer: no two layers share a key, so equal sectors of two differ.</param>
/// <param name="Check">Tells whether the right data key was brought: XTS itself would show noise.</param>
internal sealed record LayerKey(byte[] Salt, byte[] Check)
{
    internal const int SaltSize = 32;
    internal const int CheckSize = 16;

    private static ReadOnlySpan<byte> Purpose => "kiln volume layer 1"u8;

    internal bool IsSane => Salt is { Length: SaltSize } && Check is { Length: CheckSize };

    internal static LayerKey Make(KeyDomain domain)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltSize);
        Span<byte> derived = stackalloc byte[XtsCipher.KeySize + CheckSize];
        domain.Derive(salt, Purpose, derived);
        var check = derived[XtsCipher.KeySize..].ToArray();
        CryptographicOperations.ZeroMemory(derived);
        return new LayerKey(salt, check);
    }

    /// <exception cref="BlockCorruptException">The layer was written under another data key.</exception>
    internal XtsCipher Open(KeyDomain domain)
    {
        Span<byte> derived = stackalloc byte[XtsCipher.KeySize + CheckSize];
        domain.Derive(Salt, Purpose, derived);
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(derived[XtsCipher.KeySize..], Check))
                throw new BlockCorruptException($"A layer was not written under the data key of {domain.Id}.");
            return new XtsCipher(derived[..XtsCipher.KeySize]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }
}
