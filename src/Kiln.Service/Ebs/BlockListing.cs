using Kiln.Service.Calls;

namespace Kiln.Service.Ebs;

/// <summary>What the two listings of blocks have in common: where a page begins and how long it is.</summary>
internal static class BlockListing
{
    /// <summary>The fewest results that may be asked for.</summary>
    public const int ResultsMin = 100;

    /// <summary>The most results of a page, and how many there are unless asked otherwise.</summary>
    public const int ResultsMax = 10_000;

    /// <summary>Checks MaxResults.</summary>
    public static int Size(int? maxResults) => maxResults switch
    {
        null => ResultsMax,
        >= ResultsMin and <= ResultsMax => maxResults.Value,
        _ => throw EbsError.InvalidParameterValue(
            $"MaxResults is between {ResultsMin} and {ResultsMax}, not {maxResults}."),
    };

    /// <summary>The index that the page begins at: the token's, or else the parameter's.</summary>
    public static int Start(BlockTokens tokens, Call call, string listing, string? token, int? startingBlockIndex) =>
        token is not null ? tokens.PageStart(call, listing, token) : startingBlockIndex ?? 0;
}
