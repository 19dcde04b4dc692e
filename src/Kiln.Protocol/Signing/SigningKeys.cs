using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Kiln.Protocol.Signing;

/// <summary>The derived key of a day, Region and service: four HMACs, so it is kept.</summary>
internal static class SigningKeys
{
    /// <summary>Keys of a few thousand callers in a few services; when full it starts anew, for the day changes them
    /// all.</summary>
    private const int KeysMax = 4096;

    private static readonly
        ConcurrentDictionary<(string Secret, string Date, string Region, string Service), byte[]> Keys = new();

    public static byte[] Of(string secretKey, string date, string region, string service)
    {
        var id = (secretKey, date, region, service);
        if (Keys.TryGetValue(id, out var known)) return known;
        var key = HMACSHA256.HashData(Encoding.UTF8.GetBytes("AWS4" + secretKey), Encoding.UTF8.GetBytes(date));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(region));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(service));
        key = HMACSHA256.HashData(key, "aws4_request"u8);
        if (Keys.Count >= KeysMax) Keys.Clear();
        Keys[id] = key;
        return key;
    }
}
