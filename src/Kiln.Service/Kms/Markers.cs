using System.Linq.Expressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>KMS's way of paging: Limit and Marker in, NextMarker and Truncated out.</summary>
internal static class Markers
{
    /// <summary>KMS's default where no Limit is given: 100 for keys, 50 for the rest.</summary>
    public const int KeysDefault = 100, OthersDefault = 50;

    /// <exception cref="AwsException">InvalidMarkerException.</exception>
    public static async Task<Page<T>> Read<T>(
        this Paging paging, IQueryable<T> rows, Expression<Func<T, string>> key, int limit, string? marker, Call call,
        CancellationToken cancel)
        where T : class
    {
        try
        {
            return await paging.Read(rows, key, null, limit, marker, call, cancel);
        }
        catch (AwsException invalid) when (invalid.Code == "InvalidNextToken")
        {
            throw KmsError.Of("InvalidMarkerException", "Invalid marker");
        }
    }
}
