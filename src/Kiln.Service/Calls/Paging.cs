using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Kiln.Protocol.Errors;
using Kiln.Service.Accounts;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Calls;

/// <summary>A page of rows, and the token for the next one.</summary>
public sealed record Page<T>(IReadOnlyList<T> Rows, string? NextToken);

/// <summary>Cuts Describe answers into pages. Tokens are opaque, sealed, and good for one operation, account and
/// Region.</summary>
/// <remarks>Pages go by key, so rows that come or go between two pages are neither repeated nor shift others.</remarks>
public sealed class Paging(MasterKey master, Work.DomainClock clock)
{
    /// <summary>How long a token holds, by the wall clock: no client sleeps longer between two pages.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Rows read at once where rows have to be looked at one by one.</summary>
    private const int Batch = 1000;

    private const int NonceBytes = 12, TagBytes = 16, TokenMax = 2048;
    private readonly byte[] _key = master.Derive("paging tokens");

    /// <summary>Reads one page.</summary>
    /// <param name="rows">The query, already narrowed; it is ordered here.</param>
    /// <param name="key">The key to order and continue by; unique, a text column.</param>
    /// <param name="rest">What the database could not decide, or null.</param>
    /// <param name="maxResults">The most rows wanted; null for all.</param>
    /// <param name="token">The token of the page before, or null.</param>
    /// <param name="call">The call under way.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">InvalidNextToken.</exception>
    public async Task<Page<T>> Read<T>(
        IQueryable<T> rows, Expression<Func<T, string>> key, Func<T, bool>? rest,
        int? maxResults, string? token, Call call, CancellationToken cancel)
        where T : class
    {
        var keyOf = KeyOf<T>.Read((PropertyInfo)((MemberExpression)key.Body).Member);
        var after = token is null ? null : Open(token, call);
        var found = new List<T>();
        while (true)
        {
            var query = rows;
            if (after is not null)
                query = query.Where(After(key, after));
            var wanted = maxResults is { } max ? max - found.Count + 1 : int.MaxValue;
            var take = rest is null ? wanted : Batch;
            query = query.OrderBy(key);
            var batch = await (take == int.MaxValue ? query : query.Take(take)).ToListAsync(cancel);
            foreach (var row in batch)
            {
                if (rest is not null && !rest(row))
                    continue;
                if (maxResults is { } limit && found.Count == limit)
                    return new Page<T>(found, Seal(keyOf(found[^1]), call));
                found.Add(row);
            }
            if (batch.Count < take)
                return new Page<T>(found, null);
            after = keyOf(batch[^1]);
        }
    }

    /// <summary>Checks MaxResults against an operation's bounds.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, in EC2's words.</exception>
    public static void CheckMaxResults(int? maxResults, int least, int most)
    {
        if (maxResults is { } value && (value < least || value > most))
        {
            throw new AwsException("InvalidParameterValue", 400,
                $"Value ( {value} ) for parameter maxResults is invalid. " +
                $"Expecting a value {(value < least ? "greater" : "less")} " +
                $"than or equal to {(value < least ? least : most)}.");
        }
    }

    /// <summary>As <see cref="CheckMaxResults(int?, int, int)"/>, where pages and named ids exclude each
    /// other.</summary>
    /// <param name="maxResults">How many a page.</param>
    /// <param name="least">The least it may be.</param>
    /// <param name="most">The most it may be.</param>
    /// <param name="ids">The ids that were named.</param>
    /// <param name="set">Their parameter, as EC2 calls it.</param>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination.</exception>
    public static void CheckMaxResults(int? maxResults, int least, int most, IReadOnlyList<string> ids, string set)
    {
        CheckMaxResults(maxResults, least, most);
        if (maxResults is not null && ids.Count > 0)
        {
            throw new AwsException("InvalidParameterCombination", 400,
                $"The parameter {set} cannot be used with the parameter maxResults");
        }
    }

    /// <summary>Makes a token that continues after a key.</summary>
    public string Seal(string lastKey, Call call)
    {
        var plain = Encoding.UTF8.GetBytes($"{clock.Wall.GetUtcNow().ToUnixTimeSeconds()}|{lastKey}");
        var bytes = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), plain, bytes.AsSpan(NonceBytes + TagBytes),
            bytes.AsSpan(NonceBytes, TagBytes), Context(call));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token.</summary>
    /// <exception cref="AwsException">InvalidNextToken: not a token of this operation, account and Region, or too
    /// old.</exception>
    public string Open(string token, Call call)
    {
        try
        {
            if (token.Length > TokenMax)
                throw Invalid();
            var bytes = Base64Url.DecodeFromChars(token);
            if (bytes.Length < NonceBytes + TagBytes)
                throw Invalid();
            var plain = new byte[bytes.Length - NonceBytes - TagBytes];
            using var aes = new AesGcm(_key, TagBytes);
            aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes + TagBytes),
                bytes.AsSpan(NonceBytes, TagBytes), plain, Context(call));
            var parts = Encoding.UTF8.GetString(plain).Split('|', 2);
            var made = DateTimeOffset.FromUnixTimeSeconds(
                long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture));
            return clock.Wall.GetUtcNow() - made <= Lifetime ? parts[1] : throw Invalid();
        }
        catch (Exception failure) when (failure is FormatException or CryptographicException)
        {
            throw Invalid();
        }
    }

    private static byte[] Context(Call call) =>
        Encoding.UTF8.GetBytes($"{call.Service}:{call.Operation}|{call.AccountId}|{call.Region}");

    private static AwsException Invalid() =>
        new("InvalidNextToken", 400, "The token is invalid or has expired. Begin again without NextToken.");

    private static Expression<Func<T, bool>> After<T>(
        Expression<Func<T, string>> key, string after)
    {
        var compare = Expression.Call(
            typeof(string).GetMethod(nameof(string.Compare), [typeof(string), typeof(string)])!, key.Body,
            Expression.Field(
                Expression.Constant(new Start(after)), nameof(Start.Key)));
        return Expression.Lambda<Func<T, bool>>(
            Expression.GreaterThan(compare, Expression.Constant(0)),
            key.Parameters);
    }

    /// <summary>Reads key properties. Compiling the expression anew would cost more than a whole page of
    /// rows.</summary>
    private static class KeyOf<T>
    {
        private static readonly ConcurrentDictionary<PropertyInfo, Func<T, string>> Readers = new();

        public static Func<T, string> Read(PropertyInfo property) =>
            Readers.GetOrAdd(property, p => p.GetMethod!.CreateDelegate<Func<T, string>>());
    }

    private sealed class Start(string key)
    {
        public readonly string Key = key;
    }
}
