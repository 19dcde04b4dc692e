using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The agents inside this node's machines, one client each.</summary>
public sealed class GuestAgents(GuestFolders folders, [FromKeyedServices("wall")] TimeProvider wall)
{
    private readonly ConcurrentDictionary<string, GuestAgent> _agents = new(StringComparer.Ordinal);

    /// <summary>The agent of an instance that runs here. Whether there is one shows when it is asked.</summary>
    public GuestAgent Of(string instanceId) => _agents.GetOrAdd(
        instanceId, id => new GuestAgent(folders.Of(id).AgentSocket, wall));

    /// <summary>Forgets the agent of an instance that is gone.</summary>
    internal void Forget(string instanceId) => _agents.TryRemove(instanceId, out _);
}
