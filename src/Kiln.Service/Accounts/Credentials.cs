using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Accounts;

/// <summary>What is known of an access key: its secret and whom it speaks for.</summary>
public sealed record Credential(string Secret, Caller Caller, string? SessionTokenDigest, DateTimeOffset? ExpiresAt)
{
    /// <summary>Whether a session token is passed over: development's keys come with whatever is in the
    /// environment.</summary>
    public bool TakesAnyToken { get; init; }
}

/// <summary>Finds the secret and the principal behind an access key id.</summary>
/// <remarks>
/// Keys are immutable rows, so what was found is kept for a short while; a key that was deleted on another node is
/// refused there at once and here within <see cref="CacheFor"/>.
/// </remarks>
public sealed class Credentials(
    IServiceScopeFactory scopes, MasterKey master, DomainClock clock, ServiceOptions options)
{
    /// <summary>How long a found key is kept.</summary>
    public static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);

    /// <summary>Keys kept at most: some hundred bytes each.</summary>
    private const int CacheMax = 10_000;

    private readonly ConcurrentDictionary<string, (Credential Credential, DateTimeOffset At)> _cache = new();

    /// <summary>The credential of an access key id, or null for one that is not known.</summary>
    public async Task<Credential?> Find(string accessKeyId, CancellationToken cancel)
    {
        if (options.Dev && Development(accessKeyId) is { } development)
            return development;
        var now = clock.Wall.GetUtcNow();
        if (_cache.TryGetValue(accessKeyId, out var cached) && now - cached.At < CacheFor)
            return cached.Credential;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var key = await db.AccessKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Id == accessKeyId, cancel);
        if (key is null)
            return null;
        var credential = new Credential(
            Encoding.UTF8.GetString(master.Open(key.SealedSecret, key.Id)),
            new Caller(key.AccountId, key.PrincipalArn, key.PrincipalId)
            {
                RoleName = key.RoleName,
                UserName = key.UserName,
                SessionPolicy = key.SessionPolicy,
                AccessKeyId = key.Id,
            },
            key.SessionTokenDigest,
            key.ExpiresAt);
        if (_cache.Count >= CacheMax)
            _cache.Clear();
        _cache[accessKeyId] = (credential, now);
        return credential;
    }

    /// <summary>Forgets a key that was deleted.</summary>
    public void Forget(string accessKeyId) => _cache.TryRemove(accessKeyId, out _);

    /// <summary>The digest under which a session token is kept.</summary>
    public static string TokenDigest(string token) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>The root credentials that a development installation takes for granted; null for any other key
    /// id.</summary>
    private static Credential? Development(string accessKeyId)
    {
        var account = accessKeyId == "test" ? "000000000000" : Ids.IsAccountId(accessKeyId) ? accessKeyId : null;
        return account is null
            ? null
            : new Credential("test", Caller.Root(account) with { AccessKeyId = accessKeyId }, null, null)
            {
                TakesAnyToken = true,
            };
    }
}
