using System.Collections.Concurrent;
using Kiln.Service.Calls;
using Kiln.Service.Work;

namespace Kiln.Service.Ebs;

/// <summary>Remembers for a moment that a caller may decrypt under a key, so that not every block asks the
/// policies.</summary>
/// <remarks>As long as access keys are remembered: a right that is taken away ends within <see
/// cref="KeepFor"/>.</remarks>
public sealed class KeyPermits(DomainClock clock)
{
    /// <summary>How long a permit holds.</summary>
    public static readonly TimeSpan KeepFor = TimeSpan.FromSeconds(5);

    /// <summary>Permits kept at most: some hundred bytes each.</summary>
    private const int PermitsMax = 1000;

    private readonly ConcurrentDictionary<(string Caller, string AccessKey, string KeyArn), DateTimeOffset> _kept =
        new();

    /// <summary>Whether the caller was found to be allowed a moment ago.</summary>
    public bool Holds(Call call, string keyArn) =>
        _kept.TryGetValue((call.Caller.Arn, call.Caller.AccessKeyId, keyArn), out var at)
            && clock.Wall.GetUtcNow() - at < KeepFor;

    /// <summary>The caller was found to be allowed.</summary>
    public void Keep(Call call, string keyArn)
    {
        if (_kept.Count >= PermitsMax)
            _kept.Clear();
        _kept[(call.Caller.Arn, call.Caller.AccessKeyId, keyArn)] = clock.Wall.GetUtcNow();
    }
}
