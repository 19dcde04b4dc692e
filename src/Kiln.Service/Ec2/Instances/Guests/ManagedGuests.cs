using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>An instance as Systems Manager sees it.</summary>
/// <param name="InstanceId">The id.</param>
/// <param name="AccountId">Whose it is.</param>
/// <param name="NodeId">The node that runs it.</param>
/// <param name="Name">Its tag Name; empty without one.</param>
/// <param name="PrivateIpAddress">Its address.</param>
/// <param name="IsRunning">Whether it is running, or about to be.</param>
/// <param name="IsGone">Whether it will never run again.</param>
public sealed record ManagedGuest(
    string InstanceId, string AccountId, string NodeId, string Name, string PrivateIpAddress, bool IsRunning,
    bool IsGone);

/// <summary>What Systems Manager may know of instances, and the way to their agents.</summary>
/// <remarks>An agent can be asked by the node that runs the instance, and by no other.</remarks>
public sealed class ManagedGuests(Db db, GuestAgents agents, NodeIdentity node)
{
    /// <summary>How long an agent may take to say that it is there.</summary>
    private static readonly TimeSpan PingMax = TimeSpan.FromSeconds(2);

    /// <summary>An account's instances with these ids.</summary>
    public Task<List<ManagedGuest>> Named(
        string accountId, string region, IReadOnlyList<string> ids, CancellationToken cancel) =>
        Read(Of(accountId, region).Where(i => EF.Parameter(ids).Contains(i.Id)), cancel);

    /// <summary>An account's running instances that have a tag with one of these values.</summary>
    public Task<List<ManagedGuest>> Tagged(
        string accountId, string region, string key, IReadOnlyList<string> values, CancellationToken cancel)
    {
        var tagged = db.Tags.Where(t => t.AccountId == accountId && t.Key == key
            && EF.Parameter(values).Contains(t.Value)).Select(t => t.ResourceId);
        return Read(Of(accountId, region).Where(i => tagged.Contains(i.Id)), cancel);
    }

    /// <summary>An account's instances that have one of these tags, whatever its value.</summary>
    public Task<List<ManagedGuest>> Tagged(
        string accountId, string region, IReadOnlyList<string> keys, CancellationToken cancel)
    {
        var tagged = db.Tags.Where(t => t.AccountId == accountId && EF.Parameter(keys).Contains(t.Key))
            .Select(t => t.ResourceId);
        return Read(Of(accountId, region).Where(i => tagged.Contains(i.Id)), cancel);
    }

    /// <summary>An account's instances after an id, in the order of ids; of those only, where ids are given.</summary>
    public Task<List<ManagedGuest>> After(
        string accountId, string region, IReadOnlyList<string>? ids, string? after, int most,
        CancellationToken cancel)
    {
        var rows = Of(accountId, region).Where(i => i.State != InstanceState.Terminated);
        if (ids is not null)
            rows = rows.Where(i => EF.Parameter(ids).Contains(i.Id));
        if (after is not null)
            rows = rows.Where(i => string.Compare(i.Id, after) > 0);
        return Read(rows.OrderBy(i => i.Id).Take(most), cancel);
    }

    /// <summary>An instance, whoever's it is.</summary>
    public async Task<ManagedGuest?> Find(string instanceId, CancellationToken cancel) =>
        (await Read(db.Instances.Where(i => i.Id == instanceId), cancel)).SingleOrDefault();

    /// <summary>The agent of an instance that runs on this node.</summary>
    public GuestAgent Agent(ManagedGuest guest) => agents.Of(guest.InstanceId);

    /// <summary>Whether an instance's agent answers now; null where another node, which alone can tell, runs it.
    /// </summary>
    public async Task<bool?> Answers(ManagedGuest guest, CancellationToken cancel) =>
        guest.NodeId != node.Id ? null : guest.IsRunning && await Agent(guest).Ping(cancel, PingMax);

    private IQueryable<Instance> Of(string accountId, string region) =>
        db.Instances.Where(i => i.AccountId == accountId && i.Region == region);

    private async Task<List<ManagedGuest>> Read(IQueryable<Instance> rows, CancellationToken cancel)
    {
        var found = await rows.AsNoTracking().ToListAsync(cancel);
        List<string> ids = [.. found.Select(i => i.Id)];
        var names = await db.Tags.AsNoTracking()
            .Where(t => t.Key == "Name" && EF.Parameter(ids).Contains(t.ResourceId)).ToListAsync(cancel);
        return found.ConvertAll(i => new ManagedGuest(i.Id, i.AccountId, i.NodeId,
            names.Find(t => t.ResourceId == i.Id && t.AccountId == i.AccountId)?.Value ?? "", i.PrivateIpAddress,
            i.State is InstanceState.Running or InstanceState.Pending,
            i.State is InstanceState.Terminated or InstanceState.ShuttingDown));
    }
}
