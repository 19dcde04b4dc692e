using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kiln.Service.Kms;

/// <summary>What Encrypt and GenerateDataKey answer: opaque to callers, format version 1.</summary>
/// <remarks>
/// version (1 byte, 1) · length of the key id (1) · key id (ASCII) · salt (16) · nonce (12) · tag (16) · ciphertext.
/// AES-256-GCM under HKDF-SHA256(material, salt): a key a message, so the number of messages under one key is not
/// bounded by the nonce. Authenticated besides: everything before the tag, and the encryption context with its pairs
/// sorted by key, each text as UTF-8 behind its length (4 bytes, little-endian). docs/formats/kms-ciphertext.md.
/// </remarks>
internal static class Ciphertext
{
    private const byte Format = 1;
    private const int SaltBytes = 16, NonceBytes = 12, TagBytes = 16, KeyIdMax = 64;

    /// <summary>The longest thing that KMS encrypts, and the longest ciphertext it takes.</summary>
    public const int PlainMax = 4096, WrappedMax = 6144;

    private static readonly byte[] Purpose = "kiln kms ciphertext 1"u8.ToArray();

    public static byte[] Seal(
        ReadOnlySpan<byte> material, string keyId, ReadOnlySpan<byte> plain,
        IReadOnlyDictionary<string, string> context)
    {
        var head = 2 + keyId.Length + SaltBytes + NonceBytes;
        var sealedBytes = new byte[head + TagBytes + plain.Length];
        sealedBytes[0] = Format;
        sealedBytes[1] = checked((byte)keyId.Length);
        Encoding.ASCII.GetBytes(keyId, sealedBytes.AsSpan(2));
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(2 + keyId.Length, SaltBytes + NonceBytes));
        using var aes = Cipher(material, sealedBytes.AsSpan(head - NonceBytes - SaltBytes, SaltBytes));
        aes.Encrypt(sealedBytes.AsSpan(head - NonceBytes, NonceBytes), plain, sealedBytes.AsSpan(head + TagBytes),
            sealedBytes.AsSpan(head, TagBytes), Authenticated(sealedBytes.AsSpan(0, head), context));
        return sealedBytes;
    }

    /// <summary>The key id that a ciphertext names, or null where it is none.</summary>
    public static string? KeyIdOf(ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < 2 || sealedBytes[0] != Format || sealedBytes[1] is 0 or > KeyIdMax
            || sealedBytes.Length < 2 + sealedBytes[1] + SaltBytes + NonceBytes + TagBytes)
            return null;
        var id = sealedBytes.Slice(2, sealedBytes[1]);
        return Ascii.IsValid(id) ? Encoding.ASCII.GetString(id) : null;
    }

    /// <exception cref="CryptographicException">Not made by this key under this context, or changed since.</exception>
    public static byte[] Open(
        ReadOnlySpan<byte> material, ReadOnlySpan<byte> sealedBytes, IReadOnlyDictionary<string, string> context)
    {
        if (KeyIdOf(sealedBytes) is not { } keyId)
            throw new CryptographicException("This is no ciphertext of this service.");
        var head = 2 + keyId.Length + SaltBytes + NonceBytes;
        var plain = new byte[sealedBytes.Length - head - TagBytes];
        using var aes = Cipher(material, sealedBytes.Slice(head - NonceBytes - SaltBytes, SaltBytes));
        aes.Decrypt(sealedBytes.Slice(head - NonceBytes, NonceBytes), sealedBytes[(head + TagBytes)..],
            sealedBytes.Slice(head, TagBytes), plain, Authenticated(sealedBytes[..head], context));
        return plain;
    }

    private static AesGcm Cipher(ReadOnlySpan<byte> material, ReadOnlySpan<byte> salt)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, material, key, salt, Purpose);
        try
        {
            return new AesGcm(key, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Authenticated(ReadOnlySpan<byte> head, IReadOnlyDictionary<string, string> context)
    {
        using var bytes = new MemoryStream();
        bytes.Write(head);
        foreach (var (key, value) in context.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Append(bytes, key);
            Append(bytes, value);
        }
        return bytes.ToArray();
    }

    private static void Append(MemoryStream to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        to.Write(length);
        to.Write(bytes);
    }
}
