using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Ebs;

/// <summary>Makes and reads the tokens of the EBS direct APIs: sealed, of one account and Region, and
/// expiring.</summary>
/// <remarks>
/// A token is AES-256-GCM over an expiry (8 bytes, milliseconds) and a block index (4): nonce, tag, ciphertext, in
/// base64, 56 characters of the 256 that the API allows. What it is for (operation, account, Region, snapshots) is
/// authenticated beside it, so a token is good for nothing else. Time is the domain clock's.
/// </remarks>
public sealed class BlockTokens(MasterKey master, TimeProvider clock)
{
    /// <summary>How long a block token holds: the API's seven days.</summary>
    public static readonly TimeSpan BlockLifetime = TimeSpan.FromDays(7);

    /// <summary>How long a page token holds: the API's sixty minutes.</summary>
    public static readonly TimeSpan PageLifetime = TimeSpan.FromMinutes(60);

    private const int NonceBytes = 12, TagBytes = 16, PlainBytes = 12;
    private const int SealedBytes = NonceBytes + TagBytes + PlainBytes;

    private readonly byte[] _key = master.Derive("ebs direct tokens");

    /// <summary>Seals many block tokens of one snapshot that expire together.</summary>
    public BlockTokenSeal Blocks(Call call, string snapshotId, DateTimeOffset expiry) =>
        new(_key, BlockContext(call, snapshotId), expiry);

    /// <summary>Checks a block token.</summary>
    /// <exception cref="Protocol.Errors.AwsException">ValidationException, INVALID_BLOCK_TOKEN.</exception>
    public void CheckBlock(Call call, string snapshotId, int index, string token)
    {
        if (Open(BlockContext(call, snapshotId), token) != index)
            throw EbsError.InvalidBlockToken();
    }

    /// <summary>A token for the page that begins at an index.</summary>
    /// <param name="call">The call under way.</param>
    /// <param name="listing">What is listed: the ids of the snapshots.</param>
    /// <param name="next">The index to go on from.</param>
    public string Page(Call call, string listing, int next)
    {
        using var seal = new BlockTokenSeal(_key, PageContext(call, listing), clock.GetUtcNow() + PageLifetime);
        return seal.Token(next);
    }

    /// <summary>The index that a page begins at.</summary>
    /// <exception cref="Protocol.Errors.AwsException">ValidationException, INVALID_PAGE_TOKEN.</exception>
    public int PageStart(Call call, string listing, string token) =>
        Open(PageContext(call, listing), token) ?? throw EbsError.InvalidPageToken();

    internal static string Seal(AesGcm aes, byte[] context, DateTimeOffset expiry, int index)
    {
        Span<byte> plain = stackalloc byte[PlainBytes];
        Span<byte> sealedBytes = stackalloc byte[SealedBytes];
        BinaryPrimitives.WriteInt64LittleEndian(plain, expiry.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32LittleEndian(plain[8..], index);
        RandomNumberGenerator.Fill(sealedBytes[..NonceBytes]);
        aes.Encrypt(sealedBytes[..NonceBytes], plain, sealedBytes[(NonceBytes + TagBytes)..],
            sealedBytes.Slice(NonceBytes, TagBytes), context);
        return Convert.ToBase64String(sealedBytes);
    }

    internal static AesGcm Cipher(byte[] key) => new(key, TagBytes);

    private static byte[] BlockContext(Call call, string snapshotId) =>
        Encoding.UTF8.GetBytes($"block|{call.AccountId}|{call.Region}|{snapshotId}");

    private static byte[] PageContext(Call call, string listing) =>
        Encoding.UTF8.GetBytes($"{call.Operation}|{call.AccountId}|{call.Region}|{listing}");

    private int? Open(byte[] context, string token)
    {
        Span<byte> bytes = stackalloc byte[SealedBytes];
        Span<byte> plain = stackalloc byte[PlainBytes];
        if (!Convert.TryFromBase64String(token, bytes, out var length) || length != SealedBytes)
            return null;
        using var aes = Cipher(_key);
        try
        {
            aes.Decrypt(bytes[..NonceBytes], bytes[(NonceBytes + TagBytes)..], bytes.Slice(NonceBytes, TagBytes),
                plain, context);
        }
        catch (CryptographicException)
        {
            return null;
        }
        var expiry = BinaryPrimitives.ReadInt64LittleEndian(plain);
        return clock.GetUtcNow().ToUnixTimeMilliseconds() < expiry
            ? BinaryPrimitives.ReadInt32LittleEndian(plain[8..]) : null;
    }
}
