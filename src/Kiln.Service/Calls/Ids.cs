using System.Buffers;
using System.Security.Cryptography;

namespace Kiln.Service.Calls;

/// <summary>The one place where ids are made.</summary>
/// <remarks>
/// Resource ids are <c>prefix-</c> and 17 hex digits, the first of them <c>0</c> as AWS has it: 64 random bits, so
/// that an id is not met twice in the life of an installation, in whatever Region. The primary key is what holds.
/// </remarks>
public static class Ids
{
    /// <summary>A new EC2 resource id, e.g. <c>New("ami")</c> → <c>ami-0a1b2c3d4e5f60718</c>.</summary>
    public static string New(string prefix) => $"{prefix}-0{Hex(8)}";

    /// <summary>A new random UUID in lower case: request ids, key ids, guest identities.</summary>
    public static string Uuid()
    {
#pragma warning disable RS0030 // This is the place that the ban sends everyone to.
        return Guid.NewGuid().ToString("D");
#pragma warning restore RS0030
    }

    /// <summary>A new access key id: <c>AKIA</c> for long-lived ones, <c>ASIA</c> for sessions, and 16 letters or
    /// digits.</summary>
    public static string AccessKeyId(string prefix) => prefix + RandomNumberGenerator.GetString(Base32, 16);

    /// <summary>A new unique id of an IAM principal, e.g. <c>AROA</c> and 17 letters or digits.</summary>
    public static string Principal(string prefix) => prefix + RandomNumberGenerator.GetString(Base32, 17);

    /// <summary>A new 40-character secret access key.</summary>
    public static string Secret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(30));

    /// <summary>Where the fences of a work row begin: positive, with room for more claims than there will be.</summary>
    public static long Fence() => RandomNumberGenerator.GetInt32(int.MaxValue) * (1L << 24);

    /// <summary>Random bytes in lower-case hex, two digits a byte.</summary>
    public static string Hex(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));

    /// <summary>A new 12-digit account id; never begins with 0, which the development accounts may.</summary>
    public static string AccountId() =>
        RandomNumberGenerator.GetString("123456789", 1) + RandomNumberGenerator.GetString("0123456789", 11);

    /// <summary>Whether a text is an EC2 id of this prefix: 8 or 17 lower-case hex digits.</summary>
    public static bool IsWellFormed(string prefix, string id)
    {
        if (!id.StartsWith(prefix, StringComparison.Ordinal) || id.Length <= prefix.Length || id[prefix.Length] != '-')
            return false;
        var digits = id.AsSpan(prefix.Length + 1);
        return digits.Length is 8 or 17 && !digits.ContainsAnyExcept(HexDigits);
    }

    /// <summary>Whether a text is an account id: 12 digits.</summary>
    public static bool IsAccountId(string text) =>
        text.Length == 12 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
}
