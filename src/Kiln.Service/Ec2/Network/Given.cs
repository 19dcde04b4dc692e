using System.Linq.Expressions;
using Kiln.Protocol.Errors;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Ids that a request names: each must be there, or the whole request is refused.</summary>
public static class Given
{
    /// <summary>Ids in one request: EC2's most for a Describe operation.</summary>
    public const int IdsMax = 1_000;

    /// <summary>Narrows rows to those of the given ids, if any.</summary>
    /// <param name="rows">What the caller may see.</param>
    /// <param name="ids">The request's ids; none means all rows.</param>
    /// <param name="id">The column.</param>
    /// <param name="missing">The refusal for an id that is not there.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">The refusal; InvalidParameterValue for too many ids.</exception>
    public static async Task<IQueryable<T>> Narrow<T>(
        IQueryable<T> rows, IReadOnlyList<string> ids, Expression<Func<T, string>> id,
        Func<string, AwsException> missing, CancellationToken cancel)
        where T : class
    {
        if (ids.Count == 0)
            return rows;
        if (ids.Count > IdsMax)
            throw Ec2Error.InvalidParameterValue($"A request may name up to {IdsMax} ids; this one names {ids.Count}.");
        var wanted = ids.Distinct().ToList();
        var among = Expression.Lambda<Func<T, bool>>(
            Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [typeof(string)],
                Expression.Constant(wanted), id.Body), id.Parameters);
        var narrowed = rows.Where(among);
        var found = (await narrowed.Select(id).ToListAsync(cancel)).ToHashSet();
        if (wanted.Find(w => !found.Contains(w)) is { } absent)
            throw missing(absent);
        return narrowed;
    }
}
