using System.Buffers;

namespace Kiln.Service.Ebs;

/// <summary>Ids as the EBS direct APIs take them.</summary>
internal static class DirectNames
{
    private const int LengthMax = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Refuses what cannot be a snapshot's id: <c>snap-</c> and hexadecimal digits.</summary>
    public static void CheckSnapshotId(string id)
    {
        if (id.Length is <= 5 or > LengthMax || !id.StartsWith("snap-", StringComparison.Ordinal)
            || id.AsSpan(5).ContainsAnyExcept(HexDigits))
        {
            var shown = id.Length > LengthMax ? id[..LengthMax] : id;
            throw EbsError.InvalidSnapshotId($"'{shown}' is not the id of a snapshot.");
        }
    }
}
