using System.Linq.Expressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam;

/// <summary>IAM's way of paging: MaxItems and Marker in, Marker and IsTruncated out.</summary>
internal static class Markers
{
    /// <summary>IAM's default where no MaxItems is given.</summary>
    private const int Default = 100;

    /// <exception cref="AwsException">ValidationError.</exception>
    public static async Task<Page<T>> Read<T>(
        this Paging paging, IQueryable<T> rows, Expression<Func<T, string>> key, int? maxItems, string? marker,
        Call call, CancellationToken cancel)
        where T : class
    {
        try
        {
            return await paging.Read(rows, key, null, maxItems ?? Default, marker, call, cancel);
        }
        catch (AwsException invalid) when (invalid.Code == "InvalidNextToken")
        {
            throw IamError.Invalid("Invalid Marker.");
        }
    }
}
