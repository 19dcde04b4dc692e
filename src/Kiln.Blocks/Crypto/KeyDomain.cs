using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kiln.Blocks.Crypto;

/// <summary>
/// One key and what belongs to it: blocks are equal only within a domain. A null domain is the clear one.
/// </summary>
/// <remarks>
/// The address of a block is HMAC-SHA256(salt, SHA-256 of its bytes), so that the store does not reveal known
/// content. Nonces are a random 64-bit session and a 28-bit counter, never content: see docs/formats/segment.md.
/// Thread-safe. Dispose forgets the key.
/// </remarks>
public sealed class KeyDomain : IDisposable
{
    /// <summary>Bytes of the data key: AES-256.</summary>
    public const int KeySize = 32;

    /// <summary>Longest id, in UTF-8 bytes; it is written into every manifest.</summary>
    public const int IdBytesMax = 512;

    internal const int NonceSize = 12;
    internal const int TagSize = 16;
    internal const int TagOfDomainSize = 16;

    // The counter has 28 bits beside 4 bits of frame; a session ends before it could wrap.
    private const uint RecordsPerSession = 1u << 28;

    // More than the threads that seal at once; beyond it a cipher is made and thrown away.
    private const int KeptCiphers = 32;

    private readonly byte[] key;
    private readonly byte[] salt;
    private readonly byte[] tag;
    private readonly AesGcm?[] ciphers = new AesGcm?[KeptCiphers];
    private readonly Lock nonceGate = new();
    private ulong session;
    private uint counter = RecordsPerSession;
    private volatile bool disposed;

    /// <summary>Makes a domain of a 32-byte key and a salt of at least 16 bytes.</summary>
    public KeyDomain(string id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (System.Text.Encoding.UTF8.GetByteCount(id) > IdBytesMax)
            throw new ArgumentException("The id of a key domain is too long.", nameof(id));
        if (key.Length != KeySize) throw new ArgumentException("A data key has 32 bytes.", nameof(key));
        if (salt.Length < 16) throw new ArgumentException("A salt has at least 16 bytes.", nameof(salt));
        Id = id;
        this.key = key.ToArray();
        this.salt = salt.ToArray();
        tag = TagOf(id);
    }

    /// <summary>The name under which manifests remember the domain.</summary>
    public string Id { get; }

    /// <summary>First 16 bytes of the id's SHA-256: how a record says which domain it belongs to.</summary>
    internal ReadOnlySpan<byte> Tag => tag;

    internal static byte[] TagOf(string id) =>
        SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id))[..TagOfDomainSize];

    /// <summary>The address, in a domain or (null) in the clear, of a block with this SHA-256.</summary>
    public static BlockAddress AddressOf(KeyDomain? domain, ReadOnlySpan<byte> sha256)
    {
        if (domain is null) return new BlockAddress(sha256);
        Span<byte> mac = stackalloc byte[BlockAddress.Size];
        HMACSHA256.HashData(domain.salt, sha256, mac);
        return new BlockAddress(mac);
    }

    /// <summary>True when both seal and address alike, so that records can be copied as they are stored.</summary>
    public bool SameAs(KeyDomain? other) =>
        other is not null && Id == other.Id
        && CryptographicOperations.FixedTimeEquals(key, other.key)
        && CryptographicOperations.FixedTimeEquals(salt, other.salt);

    /// <summary>A key of another purpose, by HKDF-SHA256: what it seals is no use to who has only that key.</summary>
    internal void Derive(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose, Span<byte> derived)
    {
        // After disposal the key is zeros: deriving from it would be worse than failing.
        ObjectDisposedException.ThrowIf(disposed, this);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt, purpose);
    }

    internal void NextNonce(Span<byte> nonce)
    {
        lock (nonceGate)
        {
            if (counter >= RecordsPerSession)
            {
                Span<byte> random = stackalloc byte[8];
                RandomNumberGenerator.Fill(random);
                session = BinaryPrimitives.ReadUInt64BigEndian(random);
                counter = 0;
            }

            BinaryPrimitives.WriteUInt64BigEndian(nonce, session);
            BinaryPrimitives.WriteUInt32BigEndian(nonce[8..], counter++ << 4);
        }
    }

    internal AesGcm RentCipher()
    {
        // After disposal the key is zeros: sealing under it would be worse than failing.
        ObjectDisposedException.ThrowIf(disposed, this);
        for (var i = 0; i < ciphers.Length; i++)
        {
            if (ciphers[i] is not null && Interlocked.Exchange(ref ciphers[i], null) is { } kept) return kept;
        }

        return new AesGcm(key, TagSize);
    }

    internal void ReturnCipher(AesGcm cipher)
    {
        for (var i = 0; i < ciphers.Length; i++)
        {
            if (ciphers[i] is null && Interlocked.CompareExchange(ref ciphers[i], cipher, null) is null) return;
        }

        cipher.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(key);
        for (var i = 0; i < ciphers.Length; i++) Interlocked.Exchange(ref ciphers[i], null)?.Dispose();
    }
}
