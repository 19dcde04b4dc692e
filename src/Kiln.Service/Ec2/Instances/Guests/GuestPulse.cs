using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>When something in a machine was last heard, since the machine was switched on or Kiln was started: what
/// instance status checks mean.</summary>
public sealed class GuestPulse([FromKeyedServices("wall")] TimeProvider wall)
{
    private readonly ConcurrentDictionary<string, (DateTimeOffset Heard, DateTimeOffset? Agent)> _heard =
        new(StringComparer.Ordinal);

    /// <summary>A machine used its network, e.g. asked its metadata service.</summary>
    public void Heard(string instanceId)
    {
        var now = wall.GetUtcNow();
        _heard.AddOrUpdate(instanceId, (now, null), (_, old) => (now, old.Agent));
    }

    /// <summary>A machine's agent answered.</summary>
    public void HeardAgent(string instanceId)
    {
        var now = wall.GetUtcNow();
        _heard[instanceId] = (now, now);
    }

    /// <summary>When anything in it was heard.</summary>
    public DateTimeOffset? LastHeard(string instanceId) =>
        _heard.TryGetValue(instanceId, out var at) ? at.Heard : null;

    /// <summary>When its agent was heard.</summary>
    public DateTimeOffset? LastAgent(string instanceId) =>
        _heard.TryGetValue(instanceId, out var at) ? at.Agent : null;

    /// <summary>It is off.</summary>
    internal void Forget(string instanceId) => _heard.TryRemove(instanceId, out _);
}
