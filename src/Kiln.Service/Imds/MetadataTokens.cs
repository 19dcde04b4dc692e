using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Accounts;

namespace Kiln.Service.Imds;

/// <summary>The session tokens of IMDSv2.</summary>
/// <remarks>
/// A token proves itself: its end and 16 random bytes, and a MAC over them and the instance. So a guest's tokens hold
/// over a restart of Kiln, nothing is kept for them, and one guest's token is nothing to another.
/// </remarks>
public sealed class MetadataTokens(MasterKey master, TimeProvider clock)
{
    /// <summary>How long a token may hold: six hours, as on EC2.</summary>
    public const int SecondsMax = 21_600;

    private const int EndBytes = 8, RandomBytes = 16, MacBytes = 16, TokenBytes = EndBytes + RandomBytes + MacBytes;
    private readonly byte[] _key = master.Derive("instance metadata tokens");

    /// <summary>A lifetime as its header has it: 1 to 21600 seconds.</summary>
    public static bool TryParseSeconds(string? text, out int seconds) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds)
        && seconds is >= 1 and <= SecondsMax;

    /// <summary>A new token of an instance.</summary>
    public string New(string instanceId, int seconds)
    {
        var token = new byte[TokenBytes];
        BinaryPrimitives.WriteInt64BigEndian(token, clock.GetUtcNow().ToUnixTimeSeconds() + seconds);
        RandomNumberGenerator.Fill(token.AsSpan(EndBytes, RandomBytes));
        Mac(instanceId, token.AsSpan(0, EndBytes + RandomBytes), token.AsSpan(EndBytes + RandomBytes));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Whether a token is this instance's and has not ended.</summary>
    public bool Holds(string instanceId, string text)
    {
        Span<byte> token = stackalloc byte[TokenBytes];
        if (text.Length != Base64Url.GetEncodedLength(TokenBytes)
            || !Base64Url.TryDecodeFromChars(text, token, out var length) || length != TokenBytes)
            return false;
        Span<byte> mac = stackalloc byte[MacBytes];
        Mac(instanceId, token[..(EndBytes + RandomBytes)], mac);
        return CryptographicOperations.FixedTimeEquals(mac, token[(EndBytes + RandomBytes)..])
            && BinaryPrimitives.ReadInt64BigEndian(token) > clock.GetUtcNow().ToUnixTimeSeconds();
    }

    private void Mac(string instanceId, ReadOnlySpan<byte> body, Span<byte> mac)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, [.. body, .. Encoding.ASCII.GetBytes(instanceId)], whole);
        whole[..MacBytes].CopyTo(mac);
    }
}
